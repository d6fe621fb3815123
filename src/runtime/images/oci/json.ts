// SPDX-License-Identifier: Apache-2.0
// Typed, total reading of untrusted JSON: every mismatch is one error that names the field.
import { type ErrorCode, SecureError } from '../../../errors.ts';

/** Manifests, indexes and configs above this are refused (distribution-spec: at least 4 MiB are to be expected). */
export const DOCUMENT_LIMIT = 4 << 20;

/** A JSON object and how to complain about it. */
export class JsonObject {
  readonly #value: Readonly<Record<string, unknown>>;
  readonly #code: ErrorCode;
  readonly #what: string;
  readonly #path: string;

  constructor(value: unknown, code: ErrorCode, what: string, path = '') {
    this.#code = code;
    this.#what = what;
    this.#path = path;
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw this.#error(path, 'is not an object');
    this.#value = value as Record<string, unknown>;
  }

  /** Parse a whole document. */
  static parse(text: Buffer, code: ErrorCode, what: string): JsonObject {
    let value: unknown;
    try {
      value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text));
    } catch (cause) {
      throw new SecureError(code, `${what} is not valid JSON`, { cause });
    }
    return new JsonObject(value, code, what);
  }

  has(key: string): boolean {
    return Object.hasOwn(this.#value, key) && this.#value[key] !== null && this.#value[key] !== undefined;
  }

  object(key: string): JsonObject {
    return new JsonObject(this.#get(key), this.#code, this.#what, this.#at(key));
  }

  optionalObject(key: string): JsonObject | undefined {
    return this.has(key) ? this.object(key) : undefined;
  }

  objects(key: string, limit: number): JsonObject[] {
    return this.#array(key, limit).map(
      (item, i) => new JsonObject(item, this.#code, this.#what, `${this.#at(key)}/${i}`),
    );
  }

  /** Without a fallback the string must be there. NUL is refused: it would end the text in every C interface. */
  string(key: string, fallback?: string): string {
    if (fallback !== undefined && !this.has(key)) return fallback;
    return this.#text(this.#get(key), this.#at(key));
  }

  boolean(key: string): boolean {
    const value = this.#get(key);
    if (typeof value !== 'boolean') throw this.#error(this.#at(key), 'is neither true nor false');
    return value;
  }

  integer(key: string, max: number): number {
    const value = this.#get(key);
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || value > max) {
      throw this.#error(this.#at(key), `is not an integer of 0 to ${max}`);
    }
    return value;
  }

  /** An absent list is empty. */
  strings(key: string, limit: number): string[] {
    return this.has(key) ? this.#array(key, limit).map((item, i) => this.#text(item, `${this.#at(key)}/${i}`)) : [];
  }

  /** Keys of an object used as a set (`Volumes`, `ExposedPorts`); absent is empty. */
  keys(key: string, limit: number): string[] {
    if (!this.has(key)) return [];
    const names = Object.keys(this.object(key).#value);
    if (names.length > limit) throw this.#error(this.#at(key), `has more than ${limit} entries`);
    return names.map((name) => this.#text(name, this.#at(key)));
  }

  stringMap(key: string, limit: number): Record<string, string> {
    const names = this.keys(key, limit);
    if (names.length === 0) return {};
    const inner = this.object(key);
    return Object.fromEntries(names.map((name) => [name, inner.string(name)]));
  }

  fail(key: string, problem: string): SecureError {
    return this.#error(this.#at(key), problem);
  }

  #get(key: string): unknown {
    if (!this.has(key)) throw this.#error(this.#at(key), 'is missing');
    return this.#value[key];
  }

  #array(key: string, limit: number): unknown[] {
    const value = this.#get(key);
    if (!Array.isArray(value)) throw this.#error(this.#at(key), 'is not a list');
    if (value.length > limit) throw this.#error(this.#at(key), `has more than ${limit} entries`);
    return value;
  }

  #text(value: unknown, path: string): string {
    if (typeof value !== 'string' || value.includes('\0')) throw this.#error(path, 'is not a text without NUL');
    return value;
  }

  #at(key: string): string {
    return `${this.#path}/${key.slice(0, 80)}`;
  }

  #error(path: string, problem: string): SecureError {
    return new SecureError(this.#code, `${this.#what}: ${path === '' ? 'the document' : path} ${problem}`);
  }
}
