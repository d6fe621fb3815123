// SPDX-License-Identifier: Apache-2.0
// `--fix`: audit, plan, show or do it, and audit again.
import { join } from 'node:path';
import { CHECKS } from '../../audit/checks/index.ts';
import { applyPlan } from '../../audit/fix/apply.ts';
import { planJson, planText } from '../../audit/fix/render.ts';
import { type FixOptions, isEmpty, type Plan, type Repair } from '../../audit/fix/types.ts';
import { PERSON } from '../../audit/fix/wishes.ts';
import type { Audited } from '../../audit/types.ts';
import { SecureError } from '../../errors.ts';
import { rootsFromEnv } from '../../runtime/images/roots.ts';
import { userRoots } from '../../runtime/rootless/places.ts';
import { Flags } from '../command.ts';
import { valuesFlag } from '../definitions.ts';
import { invalidValue } from '../read.ts';

const IDS: ReadonlySet<string> = new Set(Object.values(CHECKS).flatMap((list) => list.map(({ id }) => id)));

function parseId(flag: string, text: string): string {
  if (!IDS.has(text)) throw invalidValue(flag, text, 'the id of a check, such as SEC-HOST-0010');
  return text;
}

export const FIX_FLAGS = {
  fix: Flags.boolean({ description: 'Repair what can be repaired without breaking a program, then audit again.' }),
  'fix-all': Flags.boolean({ description: 'The same, with repairs that programs can notice.' }),
  'dry-run': Flags.boolean({ description: 'With --fix: print the patch and the commands, and change nothing.' }),
  only: valuesFlag(parseId, { description: 'With --fix: only this check. May be repeated.', helpValue: 'ID' }),
};
export interface FixFlags {
  readonly fix?: boolean | undefined;
  readonly 'fix-all'?: boolean | undefined;
  readonly 'dry-run'?: boolean | undefined;
  readonly only?: readonly string[] | undefined;
  readonly facts?: string | undefined;
  readonly 'save-facts'?: string | undefined;
  readonly format?: string | undefined;
  readonly output?: readonly string[] | undefined;
}
export interface Wanted extends FixOptions {
  readonly dryRun: boolean;
}

/** What makes a plan of what was found; with its waivers. */
export type Fixer = (audited: readonly Audited[], options: FixOptions) => Promise<Plan>;

/**
 * What is asked for; undefined: no repair.
 * @throws SecureError USAGE: with what it makes no sense together
 */
export function wantedFixes(flags: FixFlags): Wanted | undefined {
  const wanted = flags.fix === true || flags['fix-all'] === true;
  const dryRun = flags['dry-run'] === true;
  const usage = (message: string, hint: string) => new SecureError('USAGE', message, { hint });
  if (!wanted) {
    const lone = dryRun ? '--dry-run' : flags.only === undefined ? undefined : '--only';
    if (lone === undefined) return undefined;
    throw usage(`${lone} needs --fix`, 'an audit itself changes nothing');
  }
  for (const name of ['facts', 'save-facts'] as const)
    if (flags[name] !== undefined)
      throw usage(
        `--fix and --${name} cannot be used together`,
        'facts are of another moment, or of another machine: repair what is here',
      );
  if (dryRun && (flags.output !== undefined || (flags.format !== undefined && flags.format !== 'json')))
    throw usage(
      `--dry-run and --${flags.output === undefined ? 'format' : 'output'} cannot be used together`,
      'it prints a patch, or with --json an object; the report comes without --dry-run',
    );
  return { all: flags['fix-all'] === true, only: flags.only === undefined ? undefined : new Set(flags.only), dryRun };
}

/** @throws SecureError USAGE: what comes from standard input cannot be repaired */
export function refuseStdin(flags: FixFlags, paths: readonly string[]): void {
  if (wantedFixes(flags) === undefined || !paths.includes('-')) return;
  throw new SecureError('USAGE', '--fix cannot be used with standard input', { hint: 'name the file' });
}

/** Where it is written how to undo things, of this user. */
const undoDirectory = (): string => {
  const user = process.geteuid?.() ?? 0;
  return join((user === 0 ? rootsFromEnv() : userRoots(user)).state, 'audit', 'fixes');
};

/** What is not repaired, for people. */
export function* leftLines({ left }: Plan): Generator<string> {
  const risky = left.filter((one) => one.risky);
  const others = left.filter((one) => !one.risky && one.why !== PERSON);
  for (const [why, ones] of Map.groupBy(others, (one) => one.why)) {
    const [first] = ones;
    const what =
      ones.length === 1 ? `${first?.id}: ${first?.message}` : [...new Set(ones.map(({ id }) => id))].join(', ');
    yield `not repaired: ${what} (${why})`;
  }
  if (risky.length === 0) return;
  yield `${risky.length} more with --fix-all:`;
  const groups = Map.groupBy(risky, ({ id, why }) => `${id}: ${why}`);
  for (const [text, ones] of groups) yield `  ${text}${ones.length === 1 ? '' : ` (${ones.length} times)`}`;
}

/** The patch on stdout. */
export const dryRunText = (plan: Plan, json: boolean, terminal: boolean): string =>
  json ? planJson(plan) : planText(plan, terminal);

/** Do it, when there is something to do. @returns lines about what was done */
export function applyFixes(plan: Plan): string[] {
  if (isEmpty(plan)) return ['nothing was repaired', ...leftLines(plan)];
  const { undo, failed } = applyPlan(plan, undoDirectory());
  return [
    ...failed.map(({ message, hint }) => `not done: ${message} (${hint ?? ''})`),
    ...plan.repairs.map(({ id, message }) => `repaired: ${id}: ${message}`),
    ...leftLines(plan),
    ...plan.next.map(({ command, why }) => `then, by you: ${command} (${why})`),
    `how to undo it: ${undo}`,
  ];
}

/** Of what was repaired, what the second audit does not find any more. */
export function confirmed({ repairs }: Plan, audited: readonly Audited[]): Repair[] {
  const open = new Set(
    audited.flatMap(({ target, uri, results }) =>
      results.flatMap(({ check, verdict }) =>
        verdict.status === 'fail'
          ? verdict.problems.map(({ key }) => JSON.stringify([target, uri, check.id, key]))
          : verdict.status === 'unknown'
            ? [JSON.stringify([target, uri, check.id])]
            : [],
      ),
    ),
  );
  return repairs.filter(
    ({ target, uri, id, key }) =>
      !open.has(JSON.stringify([target, uri, id, key])) && !open.has(JSON.stringify([target, uri, id])),
  );
}
