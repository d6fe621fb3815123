// SPDX-License-Identifier: Apache-2.0
// The sections `parameters`, `rules`, `exceptions` and `tests` of a file. The schema has checked their form.
import { pointer, type SourceText } from '../source.ts';
import type { Source } from '../types.ts';
import { segmentsOf } from './segments.ts';
import type { Exception, Expression, Parameter, ParameterValue, PolicyTest, Rule, RuleBook, Target } from './types.ts';

type Tree = Readonly<Record<string, unknown>>;
const many = (value: unknown): readonly string[] => (value === undefined ? [] : ([value].flat() as string[]));

function expressionAt(source: SourceText, at: string, text: string, skip = 0): Expression {
  const place = source.at(at);
  const raw = source.raw(at);
  const whole = raw === undefined ? [{ offset: 0, ...place }] : segmentsOf(text, raw, place);
  const segments = whole
    .map(({ offset, line, column }, i) => {
      const next = whole[i + 1]?.offset ?? Number.POSITIVE_INFINITY;
      const ahead = Math.max(0, Math.min(skip, next) - offset);
      return { offset: offset + ahead - skip, line, column: column + ahead, used: next > skip };
    })
    .filter(({ used }) => used)
    .map(({ offset, line, column }) => ({ offset, line, column }));
  return { text: text.slice(skip), policy: source.policy, segments };
}

/** Texts and the expressions between them. */
function messageAt(source: SourceText, at: string, text: string): (string | Expression)[] {
  const parts: (string | Expression)[] = [];
  let end = 0;
  for (const found of text.matchAll(/\{\{([\s\S]*?)\}\}/g)) {
    const start = found.index + 2;
    parts.push(text.slice(end, found.index));
    const { policy, segments } = expressionAt(source, at, text, start);
    parts.push({ text: found[1] ?? '', policy, segments });
    end = found.index + found[0].length;
  }
  return [...parts, text.slice(end)].filter((part) => part !== '');
}

function readRule(source: SourceText, tree: Tree, at: string): Rule {
  const expression = (key: string) => expressionAt(source, `${at}/${key}`, String(tree[key]));
  const message = tree.message as string | undefined;
  return {
    id: String(tree.id),
    target: tree.target as Target,
    severity: (tree.severity ?? 'medium') as Rule['severity'],
    enforcement: (tree.enforcement ?? 'deny') as Rule['enforcement'],
    match: many(tree.match),
    ...(tree.when === undefined ? {} : { when: expression('when') }),
    require: expression('require'),
    message: message === undefined ? [] : messageAt(source, `${at}/message`, message),
    ...(tree.remediation === undefined ? {} : { remediation: String(tree.remediation) }),
    exceptions: tree.exceptions !== false,
    by: { policy: source.policy, ...source.at(at) },
  };
}

function readException(source: SourceText, tree: Tree, at: string): Exception {
  const { rule, owner, reason, expires } = tree as Record<string, string>;
  return {
    rule: rule ?? '',
    match: many(tree.match),
    owner: owner ?? '',
    reason: reason ?? '',
    expires: expires ?? '',
    by: { policy: source.policy, ...source.at(at) },
  };
}

function readParameters(source: SourceText, tree: Tree): Record<string, Parameter> {
  const found: Record<string, Parameter> = {};
  for (const [name, raw] of Object.entries((tree.parameters ?? {}) as Record<string, Tree>)) {
    const {
      default: value,
      minimum,
      maximum,
      allowed,
    } = raw as { default: ParameterValue } & Partial<Pick<Parameter, 'minimum' | 'maximum' | 'allowed'>>;
    const by = { policy: source.policy, ...source.key(`/parameters${pointer(name)}`) };
    found[name] = {
      value,
      by,
      ...(minimum === undefined ? {} : { minimum }),
      ...(maximum === undefined ? {} : { maximum }),
      ...(allowed === undefined ? {} : { allowed }),
    };
  }
  return found;
}

/** Values that a file sets for parameters of those that it extends. */
export interface Setting {
  readonly name: string;
  readonly value: ParameterValue;
  readonly by: Source;
}

export function readSettings(source: SourceText): Setting[] {
  const values = ((source.value as Tree).with ?? {}) as Record<string, ParameterValue>;
  return Object.entries(values).map(([name, value]) => ({
    name,
    value,
    by: { policy: source.policy, ...source.key(`/with${pointer(name)}`) },
  }));
}

export function readBook(source: SourceText): RuleBook {
  const tree = source.value as Tree;
  return {
    rules: ((tree.rules ?? []) as Tree[]).map((rule, i) => readRule(source, rule, `/rules/${i}`)),
    exceptions: ((tree.exceptions ?? []) as Tree[]).map((each, i) => readException(source, each, `/exceptions/${i}`)),
    parameters: readParameters(source, tree),
    ...(tree.exceptionDays === undefined ? {} : { exceptionDays: Number(tree.exceptionDays) }),
  };
}

export function readTests(source: SourceText): PolicyTest[] {
  return (((source.value as Tree).tests ?? []) as Tree[]).map((tree, i): PolicyTest => {
    const [[target = 'image', facts] = []] = Object.entries(tree.input as Tree);
    const expect = tree.expect as Partial<PolicyTest['expect']>;
    return {
      name: String(tree.name),
      ...(tree.now === undefined ? {} : { now: String(tree.now) }),
      input: target === 'file' ? { file: String(facts) } : { target: target as Target, facts: facts as Tree },
      expect: { deny: expect.deny ?? [], warn: expect.warn ?? [], excepted: expect.excepted ?? [] },
      by: { policy: source.policy, ...source.at(`/tests/${i}`) },
    };
  });
}
