// SPDX-License-Identifier: Apache-2.0
// A recipe: what an image is made of, as a file. Everything that is wrong with it is said at once, each with its line.
import { SecureError } from '../../../errors.ts';
import { caret, PolicyProblems } from '../../../policies/problems.ts';
import { pointer, readSource, type SourceText } from '../../../policies/source.ts';
import { didYouMean } from '../../../suggest.ts';
import { parseNewName } from '../reference.ts';
import { parseSettings, type SettingsText } from '../settings.ts';
import { checkPackages, checkSuite } from './packages.ts';
import { parseSnapshot } from './snapshot.ts';
import { duplicateUser, makeUser, type User, userProblem } from './users.ts';
import { VARIANTS, type Variant } from './variant.ts';

/** The same in words as the flags of `image debian` have. */
export interface Recipe {
  readonly name?: string;
  readonly suite?: string;
  readonly snapshot?: string;
  readonly variant?: Variant;
  readonly packages: readonly string[];
  readonly users: readonly User[];
  readonly settings: SettingsText;
}

interface Problem {
  readonly message: string;
  readonly line: number;
  readonly column: number;
}

const KEYS = [
  ...['name', 'suite', 'snapshot', 'variant', 'packages', 'users'],
  ...['user', 'entrypoint', 'cmd', 'env', 'workdir', 'ports', 'volumes', 'labels', 'stop-signal'],
];
const USER_KEYS = ['name', 'uid', 'gid', 'home'];

type Tree = Readonly<Record<string, unknown>>;
const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value);
const dotted = (at: string) => at.slice(1).replaceAll('/', '.') || 'the file';

class Reader {
  readonly problems: Problem[] = [];
  readonly source: SourceText;
  constructor(source: SourceText) {
    this.source = source;
  }

  problem(at: string, message: string, position = this.source.at(at)): undefined {
    this.problems.push({ message: `${dotted(at)} ${message}`, ...position });
  }

  /** A mapping without unknown keys; nothing where it is not there. */
  tree(value: unknown, at: string, known?: readonly string[]): Tree {
    if (value === undefined) return {};
    if (!isTree(value)) {
      this.problem(at, 'must be a mapping');
      return {};
    }
    for (const key of known === undefined ? [] : Object.keys(value)) {
      if (known?.includes(key)) continue;
      const text = `has no key ${JSON.stringify(key)}${didYouMean(key, known ?? [])}`;
      this.problem(at, text, this.source.key(at + pointer(key)));
    }
    return value;
  }

  /** Text that `check` takes, which throws what is wrong with it. */
  text(value: unknown, at: string, check: (text: string) => unknown = () => {}): string | undefined {
    if (value === undefined) return undefined;
    if (typeof value !== 'string') {
      return this.problem(
        at,
        value === null ? 'must not be empty' : `must be text: write it in quotes, "${String(value)}"`,
      );
    }
    try {
      check(value);
      return value;
    } catch (error) {
      if (!(error instanceof SecureError)) throw error;
      return this.problem(at, error.message.replace(/^--[a-z-]+: /, ''));
    }
  }

  list<T>(value: unknown, at: string, read: (item: unknown, at: string) => T | undefined): T[] {
    if (value === undefined) return [];
    if (!Array.isArray(value)) {
      this.problem(at, 'must be a list');
      return [];
    }
    return value.flatMap((item, i) => read(item, `${at}/${i}`) ?? []);
  }

  texts(value: unknown, at: string, check: (text: string) => unknown): string[] {
    return this.list(value, at, (item, place) => this.text(item, place, check));
  }

  /** `NAME=VALUE` of a mapping. */
  pairs(value: unknown, at: string, check: (pair: string) => unknown): string[] {
    return Object.entries(this.tree(value, at)).flatMap(([name, item]) => {
      const place = at + pointer(name);
      const text = this.text(item, place);
      return text === undefined ? [] : (this.text(`${name}=${text}`, place, check) ?? []);
    });
  }

  /** A list of words, as text that `parseSettings` reads. */
  command(value: unknown, at: string): string | undefined {
    if (value === undefined) return undefined;
    const words = this.list(value, at, (item, place) => this.text(item, place));
    if (!Array.isArray(value) || words.length < value.length) return undefined;
    return this.text(JSON.stringify(words), at, (cmd) => parseSettings({ cmd }));
  }

  user(value: unknown, at: string): User | undefined {
    const before = this.problems.length;
    const tree = this.tree(value, at, USER_KEYS);
    for (const key of ['name', 'uid']) if (tree[key] === undefined) this.problem(at, `must have the key "${key}"`);
    const number = (key: string) => {
      const id = tree[key];
      if (id === undefined || typeof id === 'number') return id;
      return this.problem(at + pointer(key), 'must be a number');
    };
    const [name, uid, gid, home] = [
      this.text(tree.name, `${at}/name`),
      number('uid'),
      number('gid'),
      this.text(tree.home, `${at}/home`),
    ];
    if (this.problems.length > before || name === undefined || uid === undefined) return undefined;
    const user = makeUser(name, uid, gid, home);
    const found = userProblem(user);
    return found === undefined ? user : this.problem(at + pointer(found.key), found.problem);
  }

  users(value: unknown): User[] {
    const users = this.list(value, '/users', (item, at) => this.user(item, at));
    const second = duplicateUser(users);
    if (second !== undefined && this.problems.length === 0)
      this.problem(`/users/${second}`, 'has the name or the uid of an earlier one');
    return users;
  }
}

function variant(reader: Reader, value: unknown): Variant | undefined {
  return reader.text(value, '/variant', (text) => {
    if ((VARIANTS as readonly string[]).includes(text)) return;
    throw new SecureError('INVALID_VALUE', `must be one of ${VARIANTS.join(', ')}${didYouMean(text, VARIANTS)}`);
  }) as Variant | undefined;
}

function read(reader: Reader): Recipe {
  const tree = reader.tree(reader.source.value, '', KEYS);
  const optional = <K extends string, T>(key: K, value: T | undefined) =>
    (value === undefined ? {} : { [key]: value }) as { [P in K]?: T };
  const port = (item: unknown, at: string) =>
    reader.text(typeof item === 'number' ? String(item) : item, at, (text) => parseSettings({ port: [text] }));
  const settings: SettingsText = {
    user: reader.text(tree.user, '/user', (user) => parseSettings({ user })),
    entrypoint: reader.command(tree.entrypoint, '/entrypoint'),
    cmd: reader.command(tree.cmd, '/cmd'),
    env: reader.pairs(tree.env, '/env', (pair) => parseSettings({ env: [pair] })),
    workdir: reader.text(tree.workdir, '/workdir', (workdir) => parseSettings({ workdir })),
    port: reader.list(tree.ports, '/ports', port),
    volume: reader.texts(tree.volumes, '/volumes', (path) => parseSettings({ volume: [path] })),
    label: reader.pairs(tree.labels, '/labels', (pair) => parseSettings({ label: [pair] })),
    'stop-signal': reader.text(tree['stop-signal'], '/stop-signal', (text) => parseSettings({ 'stop-signal': text })),
  };
  return {
    ...optional('name', reader.text(tree.name, '/name', parseNewName)),
    ...optional('suite', reader.text(tree.suite, '/suite', checkSuite)),
    ...optional('snapshot', reader.text(tree.snapshot, '/snapshot', parseSnapshot)),
    ...optional('variant', variant(reader, tree.variant)),
    packages: reader.texts(tree.packages, '/packages', (name) => checkPackages([name])),
    users: reader.users(tree.users),
    settings,
  };
}

function failure(file: string, lines: readonly string[], problems: readonly Problem[]): SecureError {
  const [first, ...rest] = [...problems].sort((a, b) => a.line - b.line || a.column - b.column);
  const { message, line, column } = first as Problem;
  const source = caret(lines, line, column);
  const others = rest.slice(0, 20).map((one) => `\n${file}:${one.line}:${one.column}: ${one.message}`);
  return new SecureError('RECIPE_INVALID', `${message}${source === '' ? '' : `\n${source}`}${others.join('')}`, {
    hint: `known keys: ${KEYS.join(', ')}`,
    position: { file, line, column },
  });
}

/** @param file how it is called in errors @throws SecureError RECIPE_INVALID with file, line and column of the first problem */
export function parseRecipe(text: string, file: string): Recipe {
  let reader: Reader;
  try {
    reader = new Reader(readSource(text, file));
  } catch (error) {
    if (error instanceof PolicyProblems) throw failure(file, error.lines, error.problems);
    throw error;
  }
  const recipe = read(reader);
  if (reader.problems.length > 0) throw failure(file, reader.source.lines, reader.problems);
  return recipe;
}
