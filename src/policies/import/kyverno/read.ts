// SPDX-License-Identifier: Apache-2.0
// Policies of Kyverno (kyverno.io/v1): the documents of a file, and values in them by name.
import { SecureError } from '../../../errors.ts';
import { PolicyProblems, problemError } from '../../problems.ts';
import { readSource, type SourceText } from '../../source.ts';

export type Json = Readonly<Record<string, unknown>>;

const DOCUMENTS = 1000;

/** Each document with its places in the whole file. @throws SecureError POLICY_SYNTAX, LIMIT_EXCEEDED */
export function documents(text: string, file: string): SourceText[] {
  const parts = text.split(/^(?=---(?:[ \t\r\n]|$))/m);
  if (parts.length > DOCUMENTS) throw new SecureError('LIMIT_EXCEEDED', `${file} has more than ${DOCUMENTS} documents`);
  let before = 0;
  return parts.flatMap((part) => {
    // Empty lines ahead keep the numbers of all others.
    const padded = '\n'.repeat(before) + part;
    before += part.split('\n').length - 1;
    try {
      const source = readSource(padded, file);
      return source.value === null || source.value === undefined ? [] : [source];
    } catch (error) {
      throw error instanceof PolicyProblems ? problemError(error.problems, error.lines) : error;
    }
  });
}

export const object = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
export const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
export const text = (value: unknown): string => (typeof value === 'string' ? value : '');
export const texts = (value: unknown): string[] =>
  list(value).filter((item): item is string => typeof item === 'string');
