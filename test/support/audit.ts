// SPDX-License-Identifier: Apache-2.0
// What the examples of checks mean, and how much two of them differ.
import { glob } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { composeSubjects } from '../../src/audit/facts/compose.ts';
import { kubernetesSubjects } from '../../src/audit/facts/kubernetes.ts';
import type { AnyCheck, Target } from '../../src/audit/types.ts';

const audit = join(import.meta.dirname, '../../src/audit');

export interface CheckFile {
  /** Relative to src/audit/checks/. */
  readonly file: string;
  readonly check: AnyCheck;
}

/** The default export of every src/audit/checks/TARGET/NAME.ts, by path. What checks share lies a directory deeper. */
export async function checkFiles(): Promise<CheckFile[]> {
  const files: string[] = [];
  for await (const file of glob('*/*.ts', { cwd: join(audit, 'checks') })) files.push(file);
  return Promise.all(
    files.sort().map(async (file) => ({
      file,
      check: ((await import(join(audit, 'checks', file))) as { default: AnyCheck }).default,
    })),
  );
}

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** Objects are merged; everything else, arrays too, takes the place of what was there. An undefined value removes. */
export function merge(base: unknown, over: unknown): unknown {
  if (!isObject(base) || !isObject(over)) return over;
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    if (value === undefined) delete merged[key];
    else merged[key] = merge(merged[key], value);
  }
  return merged;
}

/** In how many places two values differ: a changed leaf, an added or removed key or element with all below it. */
export function differences(a: unknown, b: unknown): number {
  if (isDeepStrictEqual(a, b)) return 0;
  if (isObject(a) && isObject(b)) {
    const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
    return [...keys].reduce(
      (sum, key) => sum + (Object.hasOwn(a, key) && Object.hasOwn(b, key) ? differences(a[key], b[key]) : 1),
      0,
    );
  }
  if (!Array.isArray(a) || !Array.isArray(b)) return 1;
  let start = 0;
  while (start < a.length && start < b.length && isDeepStrictEqual(a[start], b[start])) start += 1;
  let [endA, endB] = [a.length, b.length];
  while (endA > start && endB > start && isDeepStrictEqual(a[endA - 1], b[endB - 1]))
    [endA, endB] = [endA - 1, endB - 1];
  return endA - start === 1 && endB - start === 1
    ? differences(a[start], b[start])
    : Math.max(endA - start, endB - start);
}

/** Instructions of a Dockerfile as text: continued lines and here-documents belong to theirs, comments to none. */
export function instructions(text: string): string[] {
  const found: string[] = [];
  let open: string | undefined;
  let until: string | undefined;
  for (const line of text.split('\n')) {
    if (until !== undefined) {
      found.push(`${found.pop()}\n${line}`);
      if (line.trim() === until) until = undefined;
    } else if (line.trim() !== '' && !line.trimStart().startsWith('#')) {
      if (open === undefined) found.push(line.trim());
      else found.push(`${found.pop()}\n${line.trim()}`);
      open = /[\\`]\s*$/.test(line) ? line : undefined;
      until = /<<-?\s*["']?(\w+)/.exec(line)?.[1];
    }
  }
  return found;
}

interface FactsModule {
  readonly exampleFacts?: unknown;
  readonly parseDockerfile?: (text: string) => unknown;
}

/** From what an example says to the facts that the check gets. */
export async function exampleReader(target: Target): Promise<(example: unknown) => never> {
  const { exampleFacts, parseDockerfile } = (await import(join(audit, 'facts', `${target}.ts`))) as FactsModule;
  if (target === 'dockerfile') return (example) => parseDockerfile?.(example as string) as never;
  const read = { kubernetes: kubernetesSubjects, compose: composeSubjects }[target as string];
  if (read !== undefined)
    return (example) => {
      const [subject, ...more] = read(example as string, 'example.yaml', () => '');
      if (subject === undefined || more.length > 0) throw new Error('an example is about one thing');
      return subject.facts as never;
    };
  if (exampleFacts === undefined) throw new Error(`facts/${target}.ts exports no exampleFacts`);
  return (example) => merge(exampleFacts, example) as never;
}
