// SPDX-License-Identifier: Apache-2.0
// Programs that root starts: who can change them, which of them run with more rights than who starts them, and where root looks for them.
import type { FileFact, Tree } from './tree.ts';

export interface ProgramFacts {
  /** Absolute paths of programs and of their directories that others than root can change; these and the next are in `files`. */
  readonly loose: readonly string[];
  /** Of programs with a set-user-id or set-group-id bit. */
  readonly setId: readonly string[];
  /** Entries of the path of root that are no absolute path. */
  readonly relative: readonly { readonly file: string; readonly entry: string }[];
  /** Why a program cannot be looked at; null: all can. */
  readonly problem: string | null;
  /** The same of what sets the path of root. */
  readonly pathProblem: string | null;
}

const DIRECTORIES = [
  ...['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin', '/usr/libexec'],
  ...['/usr/lib/openssh', '/usr/lib/dbus-1.0', '/usr/lib/polkit-1', '/usr/lib/snapd', '/usr/lib/xorg'],
];
/** Of one directory; a large system has three thousand. */
const NAMES = 10_000;
const STARTS = ['/etc/environment', '/etc/profile', '/root/.profile', '/root/.bash_profile', '/root/.bashrc'];

/** A program of an account of the system that runs as this account is left to it: at, man. */
function isLoose({ mode, uid, gid }: FileFact): boolean {
  const foreign = uid !== 0 && !((mode & 0o4000) !== 0 && uid < 1000);
  return foreign || (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && gid !== 0);
}

/** What is looked for in the directory where root happens to be: '', '.', 'bin'. */
export function relativeEntries(text: string): string[] {
  return [...text.matchAll(/^[ \t]*(?:export[ \t]+)?PATH=["']?([^"'\n;#]*)/gm)].flatMap(([, value = '']) =>
    value
      .trim()
      .split(':')
      .filter((entry) => !/^[/$~]/.test(entry)),
  );
}

export function collectPrograms(tree: Tree): ProgramFacts {
  const loose: string[] = [];
  const setId: string[] = [];
  const relative: { file: string; entry: string }[] = [];
  let problem: string | null = null;
  let pathProblem: string | null = null;
  const look = (path: string): void => {
    const file = tree.stat(path);
    if (file === undefined) problem ??= `${path} cannot be looked at`;
    if (file == null || (file.type !== 'file' && file.type !== 'directory')) return;
    if (isLoose(file)) loose.push(path);
    if (file.type === 'file' && (file.mode & 0o6000) !== 0) setId.push(path);
  };
  // With a merged /usr both names are of one directory: each program counts once.
  const directories = DIRECTORIES.filter(
    (path) => tree.stat(path) !== null && (path.startsWith('/usr/') || !tree.same(path, `/usr${path}`)),
  );
  for (const directory of directories) {
    look(directory);
    const names = tree.list(directory);
    if (names === undefined) problem ??= `${directory} cannot be listed`;
    // Nothing is found by what stands for bytes that are no UTF-8; a shell finds it all the same.
    if (names?.some((name) => name.includes('\ufffd')) || (names ?? []).length > NAMES)
      problem ??= `${directory} has more names than are looked at, or one that is no text`;
    for (const name of (names ?? []).slice(0, NAMES)) look(`${directory}/${name}`);
  }
  for (const file of STARTS) {
    const read = tree.read(file);
    if (read.status === 'unreadable') pathProblem ??= `${file}: ${read.why}`;
    if (read.status === 'text') for (const entry of relativeEntries(read.text)) relative.push({ file, entry });
  }
  return { loose, setId, relative, problem, pathProblem };
}
