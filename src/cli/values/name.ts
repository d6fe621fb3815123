// SPDX-License-Identifier: Apache-2.0
import { invalidValue } from '../read.ts';

/** A container name, as secure-runtime takes it. @throws SecureError INVALID_VALUE */
export function parseName(flag: string, text: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/.test(text)) {
    throw invalidValue(flag, text, 'letters, digits, "_", "." and "-", first a letter or digit, at most 128');
  }
  return text;
}

/** RFC 1123 labels, at most the 64 bytes of sethostname(2). @throws SecureError INVALID_VALUE */
export function parseHostname(flag: string, text: string): string {
  const label = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
  if (text.length > 64 || !new RegExp(`^${label}(?:\\.${label})*$`).test(text)) {
    throw invalidValue(flag, text, 'a host name: letters, digits and "-", at most 64 characters');
  }
  return text;
}

/** @throws SecureError INVALID_VALUE */
export function parseAbsolute(flag: string, text: string): string {
  if (!text.startsWith('/')) throw invalidValue(flag, text, 'an absolute path');
  return text;
}
