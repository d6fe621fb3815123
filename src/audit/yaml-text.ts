// SPDX-License-Identifier: Apache-2.0

/** Lines of YAML below something; for examples. @param by columns */
export const indent = (text: string, by: number): string =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => ' '.repeat(by) + line)
    .join('\n');
