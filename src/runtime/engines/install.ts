// SPDX-License-Identifier: Apache-2.0
// An engine is told of the runtime, and told to forget it. Everything is read and decided first; then it is written, in an order in which
// a crash leaves nothing that --undo does not take away.
import { lstatSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ExitCode, SecureError } from '../../errors.ts';
import { notCompiled } from '../../policies/engines/compile.ts';
import { loadPolicy } from '../../policies/index.ts';
import { compiledText, installPolicy } from '../engine-policy.ts';
import { lockFile } from '../images/lock.ts';
import { policyIo } from '../policy-io.ts';
import { linkTarget, relink, replace, type Snapshot, snapshot, trustedFile } from './files.ts';
import { ENGINE } from './index.ts';
import {
  digestOf,
  type EngineRecord,
  type Kept,
  type LinkRecord,
  readEngineRecord,
  readLinkRecord,
  recordText,
} from './record.ts';
import { type Edit, ENGINES, type EngineName } from './types.ts';
import { usersOf } from './users.ts';

export interface EngineRequest {
  readonly engine: EngineName;
  /** Another configuration file than the usual one. */
  readonly file?: string | undefined;
  /** New containers get it without asking for it. */
  readonly makeDefault?: boolean;
  readonly undo?: boolean;
  /** Change nothing, say what would be. */
  readonly dryRun?: boolean;
  /** A file, or the name of a built-in policy, which is to hold from now on; undefined: one holds already. */
  readonly policy?: string | undefined;
  /** The program that the link leads to. */
  readonly runtime: string;
  /** What stands for `/`. */
  readonly root?: string;
}

export type Change =
  | {
      readonly kind: 'file';
      readonly before: Snapshot;
      readonly text: string | null;
      readonly purpose: 'config' | 'record';
    }
  | { readonly kind: 'link'; readonly path: string; readonly before: string | null; readonly target: string | null };

export interface EngineOutcome {
  readonly changes: readonly Change[];
  /** What could not be done, and why. */
  readonly notes: readonly string[];
  /** Commands that make it count; none when nothing has changed. */
  readonly next: readonly string[];
}

interface Places {
  readonly link: string;
  readonly records: string;
  readonly policy: string;
}

/** The name that the runtime enforces the compiled policy by, and where things are below `root`. */
export const placesBelow = (root: string): Places => ({
  link: join(root, '/usr/local/lib/secure/secure-runtime-policy'),
  records: join(root, '/etc/secure/engines'),
  policy: join(root, '/etc/secure/policy.d/current'),
});

function checkRuntime(runtime: string): string {
  const path = trustedFile(runtime);
  const mode = lstatSync(path, { throwIfNoEntry: false })?.mode ?? 0;
  if ((mode & 0o111) !== 0) return path;
  throw new SecureError('RUNTIME_MISSING', `${path} is not a program`, { exitCode: ExitCode.host });
}

function checkPolicy(policy: string): void {
  if (lstatSync(policy, { throwIfNoEntry: false }) !== undefined) return;
  throw new SecureError(
    'POLICY_MISSING',
    `no policy is compiled: ${policy} is missing, and without it every container is refused`,
    {
      hint: 'name one with --policy, or compile it: secure policy compile POLICY',
    },
  );
}

function elsewhere(engine: EngineName, file: string): SecureError {
  return new SecureError('ENGINE_CONFLICT', `${engine} has the runtime already, in ${file}`, {
    hint: `take it out there first: secure system install --engine ${engine} --undo`,
  });
}

const fileChange = (before: Snapshot, text: string | null, purpose: 'config' | 'record' = 'config'): Change[] =>
  before.text === text ? [] : [{ kind: 'file', before, text, purpose }];
const linkChange = (path: string, before: string | null, target: string | null): Change[] =>
  before === target ? [] : [{ kind: 'link', path, before, target }];

const commands = (engine: EngineName, when: 'install' | 'undo'): string[] =>
  [ENGINE[engine].next[when]].filter((command) => command !== '');

interface State {
  readonly places: Places;
  readonly record: Kept<EngineRecord>;
  readonly linkRecord: Kept<LinkRecord>;
  readonly linked: string | null;
  readonly config: Snapshot;
  readonly edit: Edit;
}

function readState({ engine, root = '/', file, undo }: EngineRequest): State {
  const places = placesBelow(root);
  const record = readEngineRecord(places.records, engine);
  const named = file ?? (undo === true ? record.value?.file : undefined) ?? join(root, ENGINE[engine].file);
  const config = snapshot(named);
  if (record.value !== null && record.value.file !== config.path) throw elsewhere(engine, record.value.file);
  const [linkRecord, linked] = [readLinkRecord(places.records), linkTarget(places.link)];
  return { places, record, linkRecord, linked, config, edit: { file: config.path, link: places.link } };
}

function planInstall(
  { engine, makeDefault = false, runtime, policy, root = '/' }: EngineRequest,
  state: State,
): EngineOutcome {
  const { places, record, linkRecord, linked, config, edit } = state;
  const target = checkRuntime(runtime);
  if (policy === undefined) checkPolicy(places.policy);
  ENGINE[engine].check?.(root, config.path, makeDefault);
  const text = ENGINE[engine].install(config.text, edit, makeDefault);
  const old = record.value;
  const exact =
    old === null
      ? config.text === null || config.text.trim() === '' || !ENGINE[engine].installed(config.text, edit)
      : old.exact && config.text !== null && digestOf(config.text) === old.wrote;
  const original = old === null ? config.text : old.original;
  const changed = text !== config.text || old === null || !exact;
  const next: EngineRecord = { schemaVersion: 1, file: config.path, original, wrote: digestOf(text), exact };
  const nextLink: LinkRecord = {
    schemaVersion: 1,
    before: linkRecord.value === null ? linked : linkRecord.value.before,
    target,
  };
  const changes = [
    ...(changed ? fileChange(record.file, recordText(next), 'record') : []),
    ...fileChange(linkRecord.file, recordText(nextLink), 'record'),
    ...linkChange(places.link, linked, target),
    ...fileChange(config, text),
  ];
  return { changes, notes: [], next: text === config.text ? [] : commands(engine, 'install') };
}

/** The link, when no engine has it any more. */
function planUnlink({ places, linkRecord, linked }: State): { changes: Change[]; notes: string[] } {
  const { file, value } = linkRecord;
  if (value === null) return { changes: [], notes: [] };
  const forget = fileChange(file, null, 'record');
  if (linked === value.target)
    return { changes: [...linkChange(places.link, linked, value.before), ...forget], notes: [] };
  return { changes: forget, notes: [`${places.link} was changed since, and stays`] };
}

function planUndo({ engine }: EngineRequest, state: State): EngineOutcome {
  const { places, record, config, edit } = state;
  const old = record.value;
  const users = usersOf(places.link);
  const keep = users[engine] > 0;
  const untouched = !keep && old?.exact === true && config.text !== null && digestOf(config.text) === old.wrote;
  const text = untouched
    ? old.original
    : config.text === null
      ? null
      : ENGINE[engine].undo(config.text, edit, old === null ? '' : old.original, keep);
  const next = text === config.text ? [] : commands(engine, 'undo');
  if (keep) {
    const count = users[engine] === 1 ? '1 container' : `${users[engine]} containers`;
    const note = `the runtime stays for ${count} of ${engine}, which could not be stopped without it; --undo again when they are gone`;
    return { changes: fileChange(config, text), notes: [note], next };
  }
  const others = ENGINES.some(
    (each) => each !== engine && (users[each] > 0 || readEngineRecord(places.records, each).value !== null),
  );
  const { changes, notes } = others ? { changes: [], notes: [] } : planUnlink(state);
  return {
    changes: [...fileChange(config, text), ...changes, ...fileChange(record.file, null, 'record')],
    notes,
    next,
  };
}

async function apply(changes: readonly Change[]): Promise<void> {
  for (const change of changes) {
    if (change.kind === 'file') await replace(change.before, change.text);
    else await relink(change.path, change.target);
  }
}

async function compile(name: string): Promise<{ text: string; left: string[] }> {
  const policy = await loadPolicy(name, policyIo([]));
  return { text: compiledText(policy), left: notCompiled(policy).map((each) => `not enforced there: ${each}`) };
}

/**
 * Tell an engine of the runtime, or with `undo` to forget it.
 * @throws SecureError NOT_ROOT, CONFIG_INVALID with the position, POLICY_MISSING, RUNTIME_MISSING,
 * ENGINE_UNTRUSTED: somebody but root can change one of the files; ENGINE_CONFLICT: what is there contradicts; ENGINE_CHANGED: it was written meanwhile
 */
export async function configureEngine(request: EngineRequest): Promise<EngineOutcome> {
  const euid = process.geteuid?.() ?? -1;
  if (euid !== 0)
    throw new SecureError('NOT_ROOT', `engines are configured by root; this is user ${euid}`, {
      hint: 'run it as root',
    });
  const plan = (): EngineOutcome => {
    const state = readState(request);
    return request.undo === true ? planUndo(request, state) : planInstall(request, state);
  };
  const compiled = request.policy === undefined ? undefined : await compile(request.policy);
  const told = (outcome: EngineOutcome): EngineOutcome => ({
    ...outcome,
    notes: [...(compiled?.left ?? []), ...outcome.notes],
  });
  const first = plan();
  if (request.dryRun === true || (first.changes.length === 0 && compiled === undefined)) return told(first);
  const { records, policy } = placesBelow(request.root ?? '/');
  mkdirSync(records, { recursive: true, mode: 0o755 });
  const lock = await lockFile(join(records, '.lock'), true);
  try {
    // What another installation has written while this one waited counts.
    const outcome = plan();
    // Before an engine asks for it.
    if (compiled !== undefined) await installPolicy(dirname(policy), compiled.text);
    await apply(outcome.changes);
    return told(outcome);
  } finally {
    lock.release();
  }
}
