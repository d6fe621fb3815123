// SPDX-License-Identifier: Apache-2.0
// From a name or a path to one effective policy: read, follow `extends`, merge.
import { join, resolve } from 'node:path';
import { SecureError } from '../errors.ts';
import { didYouMean } from '../suggest.ts';
import { BUILTINS, builtinId, PROFILES, STANDARDS } from './builtin.ts';
import { CONTROL_NAMES } from './controls.ts';
import type { PolicyIo } from './io.ts';
import { type Excess, type Merged, mergedBooks, mergeOnto } from './merge.ts';
import { inDirectory, isPath, type Opened, openBuiltin, openFile, openNamed } from './open.ts';
import { PolicyProblems, type Problem, problemError } from './problems.ts';
import { isRemote } from './remote.ts';
import { parameterClashes, ruleClashes } from './rules/parameters.ts';
import type { PolicyTest } from './rules/types.ts';
import type { EffectivePolicy, PolicyFile, Run, SignatureRule, Source, Sourced } from './types.ts';

/** Files in one chain, and altogether: beyond that it is a mistake or an attack. */
const MAX_DEPTH = 16;
const MAX_FILES = 64;
/** What a policy that stands on no profile is measured against: a file can never be looser by leaving something out. */
const IMPLICIT_PARENT = 'default';

/** What can be asked for by name. */
const NAMED: readonly string[] = [...PROFILES, ...STANDARDS];
const isNamed = (name: string): boolean => NAMED.includes(name);
/** A recipe or a file of one's own bounds nothing: somewhere below there has to be a profile, or the file is one. */
const isMeasured = ({ policy }: PolicyFile, parents: readonly Merged[]): boolean =>
  [policy, ...parents.flatMap(({ files }) => files)].some((id) => PROFILES.map(builtinId).includes(id));

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

/** What its parents do not agree about, at the line that extends them. */
function clashProblems(file: PolicyFile, parents: readonly Merged[]): Problem[] {
  const books = parents.map(({ book }) => book);
  const set = new Set(file.settings.map(({ name }) => name));
  const { policy, line, column } = file.extends.at(-1)?.by ?? { policy: file.policy, line: 1, column: 1 };
  const clashes = [...parameterClashes(books.map(({ parameters }) => parameters)), ...ruleClashes(books)];
  return clashes
    .filter(({ name, settled }) => settled === 'never' || !set.has(name))
    .map(({ name, message, settled }) => ({
      code: 'POLICY_INVALID',
      message,
      hint:
        settled === 'with'
          ? `say which one counts: with: { ${name}: … }`
          : 'rename one of them, or extend only one of the two',
      file: policy,
      line,
      column,
    }));
}

const hasBook = ({ book, settings, tests }: PolicyFile): boolean =>
  settings.length > 0 ||
  tests.length > 0 ||
  book.rules.length > 0 ||
  book.exceptions.length > 0 ||
  Object.keys(book.parameters).length > 0;

class Loader {
  private readonly io: PolicyIo;
  private count = 0;
  /** Of the file that was asked for. */
  tests: readonly PolicyTest[] = [];
  readonly excess: { file: PolicyFile; found: readonly Excess[] }[] = [];
  constructor(io: PolicyIo) {
    this.io = io;
  }

  async load(
    { id, identity, directory, parse }: Opened,
    chain: readonly { id: string; identity: string }[],
    required: readonly SignatureRule[] = [],
  ): Promise<Merged> {
    this.count += 1;
    const file = inDirectory(await parse(), directory);
    // What one policy asks of those of a registry is asked of all below it.
    const wanted = file.remote === undefined ? required : [...required, file.remote];
    const here = [...chain, { id, identity }];
    const parents: Merged[] = [];
    for (const { parent, name } of this.named(file, directory)) {
      const opened = await this.openParent(parent, name, directory, file, wanted);
      const start = here.findIndex((one) => one.identity === opened.identity);
      if (start >= 0)
        this.fail(file, parent, 'POLICY_CYCLE', [...here.slice(start).map((one) => one.id), opened.id].join(' -> '));
      if (here.length >= MAX_DEPTH)
        this.fail(file, parent, 'POLICY_CYCLE', `more than ${MAX_DEPTH} policies extend one another`);
      if (this.count >= MAX_FILES)
        this.fail(file, parent, 'POLICY_INVALID', `more than ${MAX_FILES} policies are extended`);
      parents.push(await this.load(opened, here, wanted));
    }
    if (chain.length === 0 && !isMeasured(file, parents))
      parents.push(await this.load(openBuiltin(IMPLICIT_PARENT), here));
    const clashes = clashProblems(file, parents);
    if (clashes.length > 0) throw new PolicyProblems(clashes, file.lines);
    const { merged, excess } = mergeOnto(file, parents);
    if (excess.length > 0) this.excess.push({ file, found: excess });
    if (!hasBook(file)) return merged;
    // Most policies have no rules, and a run waits for this.
    const { checkBook } = await import('./rules/check.ts');
    const inherited = mergedBooks(parents.map(({ book }) => book));
    const { book, problems } = checkBook(file, merged.book, inherited, this.io.now ?? Date.now());
    if (problems.length > 0) throw new PolicyProblems(problems, file.lines);
    if (chain.length === 0) this.tests = file.tests;
    return { ...merged, book };
  }

  /** What a file extends, with the files of a directory one by one. */
  private named(file: PolicyFile, directory: string | undefined): { parent: Sourced<string>; name: string }[] {
    return file.extends.flatMap((parent) => {
      const name = parent.value;
      if (directory === undefined || isRemote(name) || !isPath(name)) return [{ parent, name }];
      const path = resolve(directory, name);
      const names = this.io.directory?.(path);
      if (names === undefined) return [{ parent, name }];
      if (names.length > 0) return names.map((each) => ({ parent, name: join(path, each) }));
      return this.fail(file, parent, 'POLICY_UNREADABLE', `${path} has no policies: files that end in .yaml or .yml`);
    });
  }

  private async openParent(
    parent: Sourced<string>,
    name: string,
    directory: string | undefined,
    file: PolicyFile,
    required: readonly SignatureRule[],
  ): Promise<Opened> {
    if (!isPath(name) && !BUILTINS.includes(name)) {
      return this.fail(file, parent, 'PROFILE_UNKNOWN', unknownName(name, BUILTINS), listed(BUILTINS));
    }
    try {
      return await openNamed(this.io, name, directory, required);
    } catch (error) {
      if (!(error instanceof SecureError)) throw error;
      return this.fail(file, parent, error.code, error.message, error.hint);
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
    book: merged.book,
    tests: loader.tests,
    grants: merged.grants,
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
  if (!isPath(nameOrPath) && !isNamed(nameOrPath)) {
    throw new SecureError('PROFILE_UNKNOWN', unknownName(nameOrPath, NAMED), { hint: listed(NAMED) });
  }
  const loader = new Loader(io);
  try {
    return await loadOpened(loader, await openNamed(io, nameOrPath, io.cwd, []), nameOrPath);
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
  if (!isPath(nameOrPath) && !isNamed(nameOrPath))
    return alone('PROFILE_UNKNOWN', unknownName(nameOrPath, NAMED), listed(NAMED));
  try {
    const opened = isRemote(nameOrPath)
      ? await openNamed(io, nameOrPath, io.cwd, [])
      : isPath(nameOrPath)
        ? openFile(io, nameOrPath, resolve(io.cwd, nameOrPath))
        : openBuiltin(nameOrPath);
    await loadOpened(new Loader(io), opened, nameOrPath);
    return { problems: [], lines: [] };
  } catch (error) {
    if (error instanceof PolicyProblems) return { problems: error.problems, lines: error.lines };
    if (!(error instanceof SecureError) || (error.code !== 'POLICY_UNREADABLE' && !isRemote(nameOrPath))) throw error;
    return alone(error.code, error.message, error.hint);
  }
}
