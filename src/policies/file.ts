// SPDX-License-Identifier: Apache-2.0
// One file: text -> checked form -> controls with their lines.
import { capabilityName, suggestCapability } from '../profiles/capabilities/index.ts';
import { FEATURE_GROUPS, isFeatureGroup } from '../profiles/seccomp/index.ts';
import { suggest } from '../suggest.ts';
import { PRODUCT_VERSION } from '../version.ts';
import { CONTROL_NAMES, CONTROLS } from './controls.ts';
import { PolicyProblems, type Problem } from './problems.ts';
import { readBook, readSettings, readTests } from './rules/read.ts';
import { schemaProblems } from './schema.ts';
import { readRemote, readSignatureRules, unusableRules } from './signatures.ts';
import { pointer, readSource, type SourceText } from './source.ts';
import type { PartialRun, PolicyFile, Sourced, Workload } from './types.ts';

type Tree = Readonly<Record<string, unknown>>;

function sourced<T>(source: SourceText, at: string, value: T): Sourced<T> {
  return { value, by: { policy: source.policy, ...source.key(at) } };
}

function lookup(tree: unknown, keys: readonly string[]): unknown {
  return keys.reduce<unknown>((node, key) => (node as Tree | undefined)?.[key], tree);
}

function readRun(source: SourceText, tree: unknown, at: string): PartialRun {
  const out: Record<string, Sourced<unknown>> = {};
  for (const name of CONTROL_NAMES) {
    const raw = lookup(tree, name.split('.'));
    if (raw !== undefined) out[name] = sourced(source, at + pointer(...name.split('.')), CONTROLS[name].read(raw));
  }
  return out as PartialRun;
}

const many = (value: unknown): readonly string[] => (value === undefined ? [] : ([value].flat() as string[]));

function readWorkload(source: SourceText, tree: Tree, at: string): Workload {
  return {
    match: many(tree.match),
    user: many(tree.user),
    command: (tree.command ?? []) as string[],
    optional: tree.optional === true,
    grants: readRun(source, tree, at),
    by: { policy: source.policy, ...source.at(at) },
  };
}

/** Every list of names under `key` of `run`, its ceilings and the workloads, with its JSON pointer. */
function nameLists(tree: Tree, ...key: string[]): { name: string; at: string }[] {
  const run = tree.run as Tree | undefined;
  const workloads = ((tree.workloads ?? []) as Tree[]).map((w, i): [string, unknown] => [`/workloads/${i}`, w]);
  const places: [string, unknown][] = [['/run', run], ['/run/ceilings', run?.ceilings], ...workloads];
  return places.flatMap(([at, node]) =>
    ((lookup(node, key) ?? []) as string[]).map((name, i) => ({ name, at: `${at}${pointer(...key, i)}` })),
  );
}

/** What JSON Schema cannot say: every capability and every feature group must be one. */
function unknownNames(source: SourceText, tree: Tree): Problem[] {
  const problem = (kind: string, name: string, at: string, near: string | undefined): Problem => {
    const message = `there is no ${kind} ${name}${near === undefined ? '' : `; did you mean "${near}"?`}`;
    return { code: 'POLICY_INVALID', message, file: source.policy, ...source.at(at) };
  };
  const capabilities = nameLists(tree, 'capabilities').filter(({ name }) => capabilityName(name) === undefined);
  const groups = nameLists(tree, 'seccomp', 'allow').filter(({ name }) => !isFeatureGroup(name));
  return [
    ...capabilities.map(({ name, at }) => problem('capability', name, at, suggestCapability(name))),
    ...groups.map(({ name, at }) => problem('feature group', name, at, suggest(name, FEATURE_GROUPS))),
  ];
}

async function unmetRequirement(source: SourceText, tree: Tree): Promise<Problem[]> {
  const range = (tree.requires as Tree | undefined)?.secure as string | undefined;
  if (range === undefined) return [];
  const { default: semver } = await import('semver');
  const at = { file: source.policy, ...source.at('/requires/secure') };
  if (semver.validRange(range) === null) {
    return [{ code: 'POLICY_INVALID', message: `${JSON.stringify(range)} is not a version range`, ...at }];
  }
  if (semver.satisfies(PRODUCT_VERSION, range)) return [];
  const message = `needs secure ${range}, this is ${PRODUCT_VERSION}`;
  return [{ code: 'POLICY_INVALID', message, hint: 'install a version that the policy was written for', ...at }];
}

/** @throws PolicyProblems with everything that is wrong with this file by itself. */
export async function readPolicy(text: string, policy: string): Promise<PolicyFile> {
  const source = readSource(text, policy);
  const form = schemaProblems(source);
  if (form.length > 0) throw new PolicyProblems(form, source.lines);
  const tree = source.value as Tree;
  const problems = [...unknownNames(source, tree), ...unusableRules(source), ...(await unmetRequirement(source, tree))];
  if (problems.length > 0) throw new PolicyProblems(problems, source.lines);
  const run = tree.run as Tree | undefined;
  const parents = many(tree.extends);
  const listed = Array.isArray(tree.extends);
  return {
    policy,
    name: ((tree.metadata as Tree | undefined)?.name as string | undefined) ?? policy,
    extends: parents.map((value, i) => sourced(source, listed ? `/extends/${i}` : '/extends', value)),
    run: readRun(source, run, '/run'),
    ceilings: readRun(source, run?.ceilings, '/run/ceilings'),
    workloads: ((tree.workloads ?? []) as Tree[]).map((w, i) => readWorkload(source, w, `/workloads/${i}`)),
    images: readSignatureRules(source),
    ...readRemote(source),
    book: readBook(source),
    settings: readSettings(source),
    tests: readTests(source),
    lines: source.lines,
  };
}
