// SPDX-License-Identifier: Apache-2.0

/** A part of a text file. Lines and columns count from 1; the end column is the one after the last character, as in SARIF. */
export interface Region {
  readonly startLine: number;
  readonly startColumn: number;
  readonly endLine: number;
  readonly endColumn: number;
}
