// SPDX-License-Identifier: Apache-2.0
// The form of a file against schemas/policy.schema.json, with errors in the words of the file.
import type { ErrorObject, ValidateFunction } from 'ajv';
import { didYouMean } from '../suggest.ts';
import type { Problem } from './problems.ts';
import { pointer, type SourceText } from './source.ts';
import { validate } from './validator.ts';

const dotted = (at: string): string =>
  at.slice(1).replaceAll('/', '.').replaceAll('~1', '/').replaceAll('~0', '~') || 'the file';

function shown(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function expectation({ keyword, params, parentSchema }: ErrorObject): string {
  const allowed = params.allowedValues as readonly unknown[] | undefined;
  if (allowed !== undefined)
    return allowed.length === 1 ? `must be ${allowed[0]}` : `must be one of ${allowed.join(', ')}`;
  if (keyword === 'maxItems' || keyword === 'maxLength') return `may have at most ${params.limit} of them`;
  const described = (parentSchema as { description?: string; type?: unknown } | undefined) ?? {};
  // Descriptions of values are noun phrases in lower case; those of sections are sentences.
  if (described.description !== undefined && /^["a-z]/.test(described.description))
    return `must be ${described.description}`;
  const type = [described.type].flat().map((t) => (t === 'object' ? 'a mapping' : t === 'array' ? 'a list' : `a ${t}`));
  return `must be ${type.join(' or ')}`;
}

function problem(error: ErrorObject, source: SourceText): Problem {
  const file = source.policy;
  const at = error.instancePath;
  if (error.keyword === 'additionalProperties') {
    const key = String(error.params.additionalProperty);
    const position = source.key(at + pointer(key));
    const keys = Object.keys((error.parentSchema as { properties?: object } | undefined)?.properties ?? {});
    const where = dotted(at);
    const message = `${where} has no key ${JSON.stringify(key)}${didYouMean(key, keys)}`;
    return { code: 'POLICY_UNKNOWN_KEY', message, hint: `known here: ${keys.join(', ')}`, file, ...position };
  }
  if (error.keyword === 'required') {
    const message = `${dotted(at)} must have the key "${error.params.missingProperty}"`;
    return { code: 'POLICY_INVALID', message, file, ...source.at(at) };
  }
  const values = (error.params.allowedValues as readonly unknown[] | undefined)?.map(String) ?? [];
  const near = typeof error.data === 'string' ? didYouMean(error.data, values) : '';
  const message = `${dotted(at)} ${expectation(error)}, not ${shown(error.data)}${near}`;
  return { code: 'POLICY_INVALID', message, file, ...source.at(at) };
}

/** Every violation, in the order of the file, one for each place. @param form what the file is held against: that of policies */
export function schemaProblems(source: SourceText, form: ValidateFunction = validate): Problem[] {
  if (form(source.value)) return [];
  const seen = new Set<string>();
  const found: Problem[] = [];
  for (const error of form.errors ?? []) {
    const one = problem(error, source);
    const key = `${one.line}:${one.column}:${one.code}`;
    if (seen.has(key)) continue;
    seen.add(key);
    found.push(one);
  }
  return found.sort((a, b) => a.line - b.line || a.column - b.column);
}
