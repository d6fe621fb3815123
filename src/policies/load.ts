// SPDX-License-Identifier: Apache-2.0
// From a name or a path to one effective policy: read, follow `extends`, merge.
import { dirname, resolve } from 'node:path';
import { SecureError } from '../errors.ts';
import { didYouMean } from '../suggest.ts';
import { BUILTINS, builtinId, PROFILES } from './builtin.ts';
import { CONTROL_NAMES } from './controls.ts';
import type { PolicyIo } from './io.ts';
import { type Excess, type Merged, mergeOnto } from './merge.ts';
import { parsedBuiltin } from './parsed.ts';
import { PolicyProblems, type Problem, problemError } from './problems.ts';
import type { EffectivePolicy, PolicyFile, Run, Source, Sourced } from './types.ts';

/** Files in one chain, and altogether: beyond that it is a mistake or an attack. */
const MAX_DEPTH = 16;
const MAX_FILES = 64;
/** What a policy that stands on no profile is measured against: a file can never be looser by leaving something out. */
const IMPLICIT_PARENT = 'default';

const isProfile = (name: string): boolean => (PROFILES as readonly string[]).includes(name);
/** A recipe or a file of one's own bounds nothing: somewhere below there has to be a profile, or the file is one. */
const isMeasured = ({ policy }: PolicyFile, parents: readonly Merged[]): boolean =>
  [policy, ...parents.flatMap(({ files }) => files)].some((id) => PROFILES.map(builtinId).includes(id));
const isPath = (name: string): boolean => name.includes('/') || /\.ya?ml$/.test(name);

function unknownName(name: string, known: readonly string[]): string {
  return `there is no built-in policy ${JSON.stringify(name)}${didYouMean(name, known)}`;
}

const listed = (names: readonly string[]): string => `built in: ${names.join(', ')}; a file is given as ./FILE.yaml`;
const where = (source: Source): string => `${source.policy}:${source.line}`;

function excessProblem({ control, value, shown, bound, boundShown }: Excess): Problem {
  return {
    code: 'CEILING_EXCEEDED',
    message: `${control}: ${shown} (${where(value.by)}) is looser than ${boundShown}, which ${where(bound.by)} allows`,
    hint: `tighten ${control} here, or raise run.ceilings.${control} at ${where(bound.by)} if that file is yours`,
    file: value.by.policy,
    line: value.by.line,
    column: value.by.column,
  };
}

interface Opened {
  readonly id: string;
  readonly identity: string;
  /** What relative paths in it start from. */
  readonly directory: string;
  parse(): Promise<PolicyFile>;
}

function openBuiltin(name: string, from: string): Opened {
  const id = builtinId(name);
  return { id, identity: id, directory: from, parse: () => parsedBuiltin(name) };
}

/** `id` is how the file is named in messages, `path` is absolute. */
function openFile(io: PolicyIo, id: string, path: string): Opened {
  const { text, identity } = io.read(path);
  const parse = async (): Promise<PolicyFile> => {
    // Loaded when there is a file: a run with a built-in policy needs neither the YAML parser nor the schema.
    const { readPolicy } = await import('./file.ts');
    return readPolicy(text, id);
  };
  return { id, identity, directory: dirname(path), parse };
}

/** Paths of keys start from the file that names them. */
function inDirectory(file: PolicyFile, directory: string): PolicyFile {
  const at = (path: string) => resolve(directory, path);
  const images = file.images.map(({ keys, keyless, notary, gpg, ...rule }) => ({
    ...rule,
    keys: keys.map(at),
    ...(keyless === undefined ? {} : { keyless: { ...keyless, trustedRoot: at(keyless.trustedRoot) } }),
    ...(gpg === undefined ? {} : { gpg: { ...gpg, keys: gpg.keys.map(at) } }),
    ...(notary === undefined
      ? {}
      : { notary: { ...notary, roots: notary.roots.map(at), authorityRoots: notary.authorityRoots.map(at) } }),
  }));
  return { ...file, images };
}

class Loader {
  private readonly io: PolicyIo;
  private count = 0;
  readonly excess: { file: PolicyFile; found: readonly Excess[] }[] = [];
  constructor(io: PolicyIo) {
    this.io = io;
  }

  open(name: string, from: string): Opened {
    if (!isPath(name)) return openBuiltin(name, from);
    const path = resolve(from, name);
    return openFile(this.io, path, path);
  }

  async load(
    { id, identity, directory, parse }: Opened,
    chain: readonly { id: string; identity: string }[],
  ): Promise<Merged> {
    this.count += 1;
    const file = inDirectory(await parse(), directory);
    const here = [...chain, { id, identity }];
    const parents: Merged[] = [];
    for (const parent of file.extends) {
      const opened = this.openParent(parent, directory, file);
      const start = here.findIndex((one) => one.identity === opened.identity);
      if (start >= 0)
        this.fail(file, parent, 'POLICY_CYCLE', [...here.slice(start).map((one) => one.id), opened.id].join(' -> '));
      if (here.length >= MAX_DEPTH)
        this.fail(file, parent, 'POLICY_CYCLE', `more than ${MAX_DEPTH} policies extend one another`);
      if (this.count >= MAX_FILES)
        this.fail(file, parent, 'POLICY_INVALID', `more than ${MAX_FILES} policies are extended`);
      parents.push(await this.load(opened, here));
    }
    if (chain.length === 0 && !isMeasured(file, parents))
      parents.push(await this.load(openBuiltin(IMPLICIT_PARENT, directory), here));
    const { merged, excess } = mergeOnto(file, parents);
    if (excess.length > 0) this.excess.push({ file, found: excess });
    return merged;
  }

  private openParent(parent: Sourced<string>, directory: string, file: PolicyFile): Opened {
    const name = parent.value;
    if (!isPath(name) && !BUILTINS.includes(name)) {
      return this.fail(file, parent, 'PROFILE_UNKNOWN', unknownName(name, BUILTINS), listed(BUILTINS));
    }
    try {
      return this.open(name, directory);
    } catch (error) {
      if (!(error instanceof SecureError) || error.code !== 'POLICY_UNREADABLE') throw error;
      return this.fail(file, parent, 'POLICY_UNREADABLE', error.message, error.hint);
    }
  }

  private fail(file: PolicyFile, at: Sourced<unknown>, code: Problem['code'], message: string, hint?: string): never {
    const place = { file: file.policy, line: at.by.line, column: at.by.column };
    throw new PolicyProblems([{ code, message, ...place, ...(hint === undefined ? {} : { hint }) }], file.lines);
  }
}

/** Read and merge; the caller turns `PolicyProblems` into what it shows. */
async function loadOpened(loader: Loader, opened: Opened, name: string): Promise<EffectivePolicy> {
  const merged = await loader.load(opened, []);
  const [first] = loader.excess;
  if (first !== undefined)
    throw new PolicyProblems(loader.excess.flatMap((e) => e.found).map(excessProblem), first.file.lines);
  const missing = CONTROL_NAMES.filter((control) => merged.run[control] === undefined);
  if (missing.length > 0) {
    const message = `it and what it extends leave open: ${missing.join(', ')}`;
    const hint = `extend a complete policy: ${PROFILES.join(', ')}`;
    throw new PolicyProblems([{ code: 'POLICY_INVALID', message, hint, file: opened.id, line: 1, column: 1 }], []);
  }
  return {
    name,
    run: merged.run as Run,
    ceilings: merged.ceilings,
    workloads: merged.workloads,
    images: merged.images,
    files: [...new Set(merged.files)],
  };
}

/**
 * The policy of a run.
 * @param nameOrPath `baseline`, `default`, `strict`, or the path of a file (it contains `/` or ends in .yaml or .yml).
 * @throws SecureError PROFILE_UNKNOWN, POLICY_UNREADABLE, POLICY_SYNTAX, POLICY_UNKNOWN_KEY, POLICY_INVALID,
 *   POLICY_CYCLE, CEILING_EXCEEDED, each with file, line and column where there is one.
 */
export async function loadPolicy(nameOrPath: string, io: PolicyIo): Promise<EffectivePolicy> {
  if (!isPath(nameOrPath) && !isProfile(nameOrPath)) {
    throw new SecureError('PROFILE_UNKNOWN', unknownName(nameOrPath, PROFILES), { hint: listed(PROFILES) });
  }
  const loader = new Loader(io);
  try {
    return await loadOpened(loader, loader.open(nameOrPath, io.cwd), nameOrPath);
  } catch (error) {
    if (error instanceof PolicyProblems) throw problemError(error.problems, error.lines);
    throw error;
  }
}

/**
 * Everything that is wrong with a file or a built-in, as one report; an empty `problems` means that it can be run.
 * @param nameOrPath as for `loadPolicy`.
 */
export async function validatePolicy(
  nameOrPath: string,
  io: PolicyIo,
): Promise<{ problems: readonly Problem[]; lines: readonly string[] }> {
  const alone = (code: Problem['code'], message: string, hint: string | undefined) => {
    const problem = { code, message, file: nameOrPath, line: 1, column: 1 };
    return { problems: [hint === undefined ? problem : { ...problem, hint }], lines: [] };
  };
  if (!isPath(nameOrPath) && !isProfile(nameOrPath))
    return alone('PROFILE_UNKNOWN', unknownName(nameOrPath, PROFILES), listed(PROFILES));
  try {
    const opened = isPath(nameOrPath)
      ? openFile(io, nameOrPath, resolve(io.cwd, nameOrPath))
      : openBuiltin(nameOrPath, io.cwd);
    await loadOpened(new Loader(io), opened, nameOrPath);
    return { problems: [], lines: [] };
  } catch (error) {
    if (error instanceof PolicyProblems) return { problems: error.problems, lines: error.lines };
    if (!(error instanceof SecureError) || error.code !== 'POLICY_UNREADABLE') throw error;
    return alone('POLICY_UNREADABLE', error.message, error.hint);
  }
}
