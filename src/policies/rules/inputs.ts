// SPDX-License-Identifier: Apache-2.0
// What rules see: the published schemas of the facts (schemas/inputs).
import compose from '../../../schemas/inputs/compose.schema.json' with { type: 'json' };
import container from '../../../schemas/inputs/container.schema.json' with { type: 'json' };
import dockerfile from '../../../schemas/inputs/dockerfile.schema.json' with { type: 'json' };
import engine from '../../../schemas/inputs/engine.schema.json' with { type: 'json' };
import host from '../../../schemas/inputs/host.schema.json' with { type: 'json' };
import image from '../../../schemas/inputs/image.schema.json' with { type: 'json' };
import kubernetes from '../../../schemas/inputs/kubernetes.schema.json' with { type: 'json' };
import plan from '../../../schemas/plan.schema.json' with { type: 'json' };
import { BOOL, listOf, NUMBER, objectOf, type Schema, STRING, type Type, typeOf } from '../cel/types.ts';
import type { Parameter, Target } from './types.ts';

const SCHEMAS: Readonly<Record<Target, Schema>> = {
  image,
  dockerfile,
  compose,
  kubernetes,
  container,
  host,
  engine,
  plan,
} as unknown as Record<Target, Schema>;
const types = new Map<Target, Type>();

function targetType(target: Target): Type {
  const known = types.get(target);
  if (known !== undefined) return known;
  const type = typeOf(SCHEMAS[target], target);
  types.set(target, type);
  return type;
}

function parameterType({ value }: Parameter): Type {
  if (Array.isArray(value)) return listOf(STRING);
  return typeof value === 'boolean' ? BOOL : typeof value === 'number' ? NUMBER : STRING;
}

/** What an expression about a target may name. */
export function namesOf(target: Target, parameters: Readonly<Record<string, Parameter>>): Map<string, Type> {
  const params = objectOf(
    'params',
    Object.fromEntries(Object.entries(parameters).map(([name, each]) => [name, parameterType(each)])),
  );
  return new Map<string, Type>([
    [target, targetType(target)],
    ['params', params],
    ['now', { kind: 'time' }],
  ]);
}

/**
 * Facts of a test with what was left out: '' and 0, [] and {}, as of something that has none of it; null where that says so, or the schema's default. Fields that
 * are optional stay out.
 */
export function completed(target: Target, given: unknown): unknown {
  return complete(SCHEMAS[target], given, SCHEMAS[target]);
}

function complete(schema: Schema & { readonly required?: readonly string[] }, given: unknown, root: Schema): unknown {
  if (schema.$ref !== undefined) return complete(root.$defs?.[schema.$ref.slice('#/$defs/'.length)] ?? {}, given, root);
  const types = [schema.type ?? []].flat();
  if (types.includes('null') && (given === undefined || given === null))
    return given === undefined && schema.default !== undefined ? schema.default : null;
  const [type] = types;
  if (type === 'array')
    return Array.isArray(given)
      ? given.map((each) => complete((schema.items ?? {}) as Schema, each, root))
      : (given ?? []);
  if (
    type !== 'object' ||
    (given !== undefined && (typeof given !== 'object' || given === null || Array.isArray(given)))
  )
    return (
      given ??
      (type === undefined
        ? schema.enum?.[0]
        : { string: schema.enum?.[0] ?? '', integer: 0, number: 0, boolean: false, object: {} }[type])
    );
  const fields = new Map(Object.entries((given ?? {}) as object));
  for (const [name, inner] of Object.entries(schema.properties ?? {}))
    if (fields.has(name) || schema.required?.includes(name) === true)
      fields.set(name, complete(inner, fields.get(name), root));
  return Object.fromEntries(fields);
}
