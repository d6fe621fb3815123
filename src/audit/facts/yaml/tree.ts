// SPDX-License-Identifier: Apache-2.0
// Values of a manifest by name. What has another type than the API gives it is an error, never "not there".
import type { SecureError } from '../../../errors.ts';
import { pointer } from '../../../policies/source.ts';

const KINDS = {
  object: 'a mapping',
  list: 'a list',
  text: 'text',
  boolean: 'true or false',
  integer: 'a whole number',
} as const;

export class Tree {
  readonly #value: unknown;
  readonly #at: string;
  readonly #fail: (at: string, message: string) => SecureError;

  constructor(value: unknown, at: string, fail: (at: string, message: string) => SecureError) {
    [this.#value, this.#at, this.#fail] = [value, at, fail];
  }

  get place(): string {
    return this.#at;
  }

  get present(): boolean {
    return this.#value !== undefined && this.#value !== null;
  }

  /** As it is, for what has several forms. */
  get value(): unknown {
    return this.#value;
  }

  /** @param what `a list` */
  wrong(what: string): SecureError {
    return this.#fail(this.#at, `${this.#at.slice(1).replaceAll('/', '.') || 'the document'} must be ${what}`);
  }

  #wrong(kind: keyof typeof KINDS): SecureError {
    return this.wrong(KINDS[kind]);
  }

  get #fields(): Readonly<Record<string, unknown>> {
    if (!this.present) return {};
    if (typeof this.#value !== 'object' || Array.isArray(this.#value)) throw this.#wrong('object');
    return this.#value as Record<string, unknown>;
  }

  get(name: string): Tree {
    const fields = this.#fields;
    return new Tree(Object.hasOwn(fields, name) ? fields[name] : undefined, this.#at + pointer(name), this.#fail);
  }

  /** Another value at the same place. */
  with(value: unknown): Tree {
    return new Tree(value, this.#at, this.#fail);
  }

  /** All names, those without a value too. */
  get keys(): string[] {
    return Object.keys(this.#fields);
  }

  /** Names that have a value. */
  get names(): string[] {
    return Object.entries(this.#fields).flatMap(([name, value]) =>
      value === null || value === undefined ? [] : [name],
    );
  }

  get items(): Tree[] {
    if (!this.present) return [];
    if (!Array.isArray(this.#value)) throw this.#wrong('list');
    return this.#value.map((value: unknown, i) => new Tree(value, `${this.#at}/${i}`, this.#fail));
  }

  /** Without one: ''. */
  get text(): string {
    if (!this.present) return '';
    if (typeof this.#value !== 'string') throw this.#wrong('text');
    return this.#value;
  }

  get boolean(): boolean | null {
    if (!this.present) return null;
    if (typeof this.#value !== 'boolean') throw this.#wrong('boolean');
    return this.#value;
  }

  get integer(): number | null {
    if (!this.present) return null;
    if (!Number.isSafeInteger(this.#value)) throw this.#wrong('integer');
    return this.#value as number;
  }

  /** A number or a text, as quantities and ports are. */
  get scalar(): string {
    return typeof this.#value === 'number' ? String(this.#value) : this.text;
  }

  texts(): string[] {
    return this.items.map(({ text }) => text);
  }

  /** Of names to texts. */
  map(): Record<string, string> {
    return Object.fromEntries(this.names.map((name) => [name, this.get(name).scalar]));
  }
}
