// SPDX-License-Identifier: Apache-2.0
// The vectors of cel-spec through our parser, our loops and our budget.
import { type CelInput, celMap, celType, celUint, isCelType, isCelUint } from '@bufbuild/cel';
import type { Value } from '@bufbuild/cel-spec/cel/expr/value_pb.js';
import { getTestRegistry } from '@bufbuild/cel-spec/testdata/registry.js';
import { getConformanceSuite, getParsingSuite } from '@bufbuild/cel-spec/testdata/tests.js';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from 'vitest';
import { CelProblem } from '../../../src/policies/cel/ast.ts';
import { Engine, type Outcome } from '../../../src/policies/cel/engine.ts';
import { parse } from '../../../src/policies/cel/parse.ts';

const registry = getTestRegistry();

/** Of the language itself and its strings; the others are of extensions that we do not have, or of the type checker. */
const CORE = [
  'basic',
  'comparisons',
  'conversions',
  'dynamic',
  'enums',
  'fields',
  'fp_math',
  'integer_math',
  'lists',
  'logic',
  'macros',
  'namespace',
  'parse',
  'plumbing',
  'proto2',
  'proto3',
  'string',
  'string_ext',
  'timestamps',
  'unknowns',
  'wrappers',
];

/** A map with the keys 0 and 0u. */
const KNOWN = /^fields\/map_value_repeat_key_heterogeneous/;

function celOf({ kind }: Value): CelInput {
  switch (kind.case) {
    case 'uint64Value':
      return celUint(kind.value);
    case 'nullValue':
      return null;
    case 'listValue':
      return kind.value.values.map(celOf);
    case 'mapValue':
      return celMap(
        new Map(kind.value.entries.map(({ key, value }) => [celOf(key as Value) as string, celOf(value as Value)])),
      );
    case 'objectValue':
      return anyUnpack(kind.value, registry) as CelInput;
    case 'enumValue':
      return BigInt(kind.value.value);
    default:
      return kind.value as CelInput;
  }
}

interface Test {
  readonly name: string;
  readonly original: ReturnType<typeof getConformanceSuite>['tests'][number]['original'];
}

const equality = new Engine({ registry }).prepare(parse('a == b && type(a) == type(b)'));

function outcomeOf({ original }: Test): Outcome {
  try {
    const engine = new Engine({ registry, namespace: original.container });
    const variables = Object.fromEntries(
      Object.entries(original.bindings).map(([name, { kind }]) => [
        name,
        kind.case === 'value' ? celOf(kind.value) : null,
      ]),
    );
    return engine.prepare(parse(original.expr))(variables as Record<string, CelInput>);
  } catch (error) {
    if (error instanceof CelProblem) return { problem: error };
    throw error;
  }
}

/** Undefined: as it should be. */
function difference(test: Test): string | undefined {
  const outcome = outcomeOf(test);
  const { resultMatcher } = test.original;
  if (resultMatcher.case === 'evalError' || resultMatcher.case === 'anyEvalErrors')
    return outcome.problem === undefined ? `it is ${String(outcome.value)}, and should be an error` : undefined;
  if (outcome.problem !== undefined) return outcome.problem.message;
  if (resultMatcher.case === undefined) return outcome.value === true ? undefined : `it is ${String(outcome.value)}`;
  const wanted = resultMatcher.case === 'typedResult' ? resultMatcher.value.result : resultMatcher.value;
  if (wanted === undefined) return undefined;
  const value = wanted as Value;
  if (value.kind.case === 'typeValue')
    return isCelType(outcome.value) && outcome.value.name === value.kind.value
      ? undefined
      : `it is ${String(outcome.value)}`;
  if (typeof outcome.value === 'number' && Number.isNaN(outcome.value))
    return Number.isNaN(value.kind.value) ? undefined : 'it is NaN';
  const same = equality({ a: outcome.value, b: celOf(value) });
  return same.value === true
    ? undefined
    : `it is ${isCelUint(outcome.value) ? `${outcome.value.value}u` : String(outcome.value)} (${celType(outcome.value).name})`;
}

function* tests(suite: ReturnType<typeof getConformanceSuite>): Generator<Test> {
  yield* suite.tests as Test[];
  // Enumerations of protobuf as types of their own, which are optional, and extensions of its messages: nothing that our facts have.
  for (const inner of suite.suites) if (!/^(?:strong_|extensions_)/.test(inner.name)) yield* tests(inner);
}

describe('cel-spec', () => {
  it('evaluates the vectors of the core and of strings', () => {
    const wrong: string[] = [];
    let count = 0;
    for (const suite of getConformanceSuite().suites) {
      if (!CORE.includes(suite.name)) continue;
      for (const test of tests(suite)) {
        if (test.original.checkOnly) continue;
        count += 1;
        const found = difference(test);
        if (found !== undefined) wrong.push(`${suite.name}/${test.name}: ${test.original.expr}: ${found}`);
      }
    }
    expect(count).toBeGreaterThan(1800);
    expect(wrong.filter((each) => !KNOWN.test(each))).toEqual([]);
    expect(wrong.length / count).toBeLessThan(0.01);
  });

  it('reads and refuses what its parser tests have', () => {
    const wrong: string[] = [];
    for (const test of tests(getParsingSuite())) {
      const { original, error } = test as Test & { error?: string };
      if (error !== undefined && /recursion|unsupported syntax: '`'/.test(error)) continue;
      let problem: string | undefined;
      try {
        parse(original.expr);
      } catch (thrown) {
        problem = (thrown as Error).message;
      }
      // Names that nobody declares, and types, are the checker's part; we allow deeper nesting and quoted names, and have another accumulator.
      const syntax =
        error !== undefined && !/undeclared reference|no matching overload|overwrites accumulator/.test(error);
      if ((problem === undefined) === syntax) wrong.push(`${original.expr}: ${problem ?? 'read'} / ${error ?? 'fine'}`);
    }
    expect(wrong).toEqual([]);
  });
});
