// SPDX-License-Identifier: Apache-2.0
// What is known of a value before it is there: types, as the JSON Schemas of the facts give them.

export type Type =
  | { readonly kind: 'dyn' | 'null' | 'bool' | 'number' | 'string' | 'bytes' | 'time' | 'type' }
  | { readonly kind: 'list'; readonly of: Type }
  /** Keys of any name. */
  | { readonly kind: 'map'; readonly of: Type }
  /** Of these fields and no others. */
  | { readonly kind: 'object'; readonly name: string; readonly fields: ReadonlyMap<string, Type> };

export const DYN: Type = { kind: 'dyn' };
export const BOOL: Type = { kind: 'bool' };
export const NUMBER: Type = { kind: 'number' };
export const STRING: Type = { kind: 'string' };
export const listOf = (of: Type): Type => ({ kind: 'list', of });
export const objectOf = (name: string, fields: Readonly<Record<string, Type>>): Type => ({
  kind: 'object',
  name,
  fields: new Map(Object.entries(fields)),
});

export interface Schema {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema | boolean;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly title?: string;
}

const SIMPLE: Readonly<Record<string, Type>> = {
  boolean: BOOL,
  integer: NUMBER,
  number: NUMBER,
  string: STRING,
  null: { kind: 'null' },
};

/** Nesting of a schema that is looked at; below that anything goes. */
const DEPTH = 16;

/** @param name for messages: `image.config` */
export function typeOf(schema: Schema, name: string, root: Schema = schema, depth = 0): Type {
  if (depth > DEPTH) return DYN;
  if (schema.$ref !== undefined) {
    const key = /^#\/\$defs\/([^/]+)$/.exec(schema.$ref)?.[1];
    const found = key === undefined ? undefined : root.$defs?.[key];
    return found === undefined ? DYN : typeOf(found, name, root, depth + 1);
  }
  const [only, ...more] = [schema.type ?? []].flat().filter((type) => type !== 'null');
  if (schema.anyOf !== undefined || schema.oneOf !== undefined || only === undefined || more.length > 0) return DYN;
  const simple = SIMPLE[only];
  if (simple !== undefined) return simple;
  if (only === 'array')
    return listOf(typeof schema.items === 'object' ? typeOf(schema.items, `${name}[]`, root, depth + 1) : DYN);
  if (only !== 'object') return DYN;
  const { additionalProperties: rest, properties } = schema;
  if (properties === undefined || rest !== false)
    return {
      kind: 'map',
      of: typeof rest === 'object' && properties === undefined ? typeOf(rest, `${name}.*`, root, depth + 1) : DYN,
    };
  const fields = Object.entries(properties).map(
    ([key, inner]) => [key, typeOf(inner, `${name}.${key}`, root, depth + 1)] as const,
  );
  return { kind: 'object', name, fields: new Map(fields) };
}

export function show(type: Type): string {
  if (type.kind === 'list')
    return type.of.kind === 'dyn' ? 'a list' : `a list of ${show(type.of).replace(/^an? /, '')}`;
  if (type.kind === 'object') return type.name;
  return {
    dyn: 'anything',
    null: 'null',
    bool: 'true or false',
    number: 'a number',
    string: 'text',
    bytes: 'bytes',
    time: 'a time',
    type: 'a type',
    map: 'a map',
  }[type.kind];
}

/** Whether a value of one may be equal to one of the other. Everything may be null: facts that are not known are. */
export function comparable(a: Type, b: Type): boolean {
  if (a.kind === 'dyn' || b.kind === 'dyn' || a.kind === 'null' || b.kind === 'null') return true;
  const kind = (type: Type) => (type.kind === 'object' ? 'map' : type.kind);
  if (kind(a) !== kind(b)) return false;
  return a.kind !== 'list' || b.kind !== 'list' || comparable(a.of, b.of);
}
