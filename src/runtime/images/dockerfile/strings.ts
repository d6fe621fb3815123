// SPDX-License-Identifier: Apache-2.0

/** The strings of a JSON array of strings; undefined for anything else, which the builder takes for a shell's text. */
export function readStrings(text: string): string[] | undefined {
  if (!text.trimStart().startsWith('[')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every((item) => typeof item === 'string') ? (value as string[]) : undefined;
  } catch {
    return undefined;
  }
}
