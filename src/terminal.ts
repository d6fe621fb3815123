// SPDX-License-Identifier: Apache-2.0
// Text for terminals, without writing any.

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;

export type Colour = keyof typeof CODES;

export function paint(text: string, colour: Colour, on: boolean): string {
  return on ? `\u001b[${CODES[colour]}m${text}\u001b[0m` : text;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const STEERING = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Escapes what could steer a terminal: C0 and C1 controls, and what turns or breaks a line (CVE-2021-42574). */
export function printable(text: string): string {
  return text.replace(STEERING, (char) => {
    const code = char.charCodeAt(0);
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`;
  });
}

/** JSON for stdout, which may be a terminal too: JSON itself escapes only the first 32. It means the same to a program. */
export function jsonText(value: unknown, indent?: number): string {
  const escaped = (char: string) => (char === '\n' ? char : `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return `${JSON.stringify(value, null, indent).replace(STEERING, escaped)}\n`;
}
