// SPDX-License-Identifier: Apache-2.0

/** A pattern is one of the whole text: what only contains the name of somebody trusted is somebody else. @throws SyntaxError */
export const wholePattern = (pattern: string): RegExp => new RegExp(`^(?:${pattern})$`, 'u');
