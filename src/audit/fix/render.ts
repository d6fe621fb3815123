// SPDX-License-Identifier: Apache-2.0
// A plan as text: a patch, and the commands for what is no file. Lines that begin with # belong to none of both.
import { isAbsolute, relative } from 'node:path';
import { jsonText, printable } from '../../terminal.ts';
import { diffOf, unifiedDiff } from './diff.ts';
import { isEmpty, type Plan } from './types.ts';

/** A word as a shell reads it, on one line: a name with a line break could bring a patch of its own along. */
function word(text: string): string {
  if (/^[A-Za-z0-9_./=:@%+,-]+$/.test(text)) return text;
  const escaped = printable(text.replaceAll('\\', '\\\\').replaceAll("'", "\\'"));
  return escaped === text ? `'${text}'` : `$'${escaped}'`;
}
const octal = (mode: number): string => mode.toString(8).padStart(4, '0');

/** Files below the working directory by their path from there, as other tools name them; others from `/`. */
export function nameIn({ root }: Pick<Plan, 'root'>, path: string, cwd: string = process.cwd()): string {
  const below = relative(cwd, path);
  const isBelow = root === '/' && below !== '' && !below.startsWith('..') && !isAbsolute(below) && cwd !== '/';
  return isBelow ? below : path.replace(/^\/+/, '');
}

/** Where `patch -d` has to stand for these names. */
export function baseOf(plan: Plan, cwd: string = process.cwd()): string {
  const { root, files } = plan;
  const isCwd = files.length > 0 && files.every(({ path }) => nameIn(plan, path, cwd) !== path.replace(/^\/+/, ''));
  return isCwd ? cwd : root;
}

/** Names of all files from one place: where one is outside of the working directory, all are from `/`. */
function namer(plan: Plan): (path: string) => string {
  const base = baseOf(plan);
  return (path) => (base === plan.root ? path.replace(/^\/+/, '') : nameIn(plan, path, base));
}

const inRoot = ({ root }: Plan, path: string): string => (root === '/' ? path : `${root}${path}`);

/** What `--fix` does beside files, as commands. @param undo the other way round */
export function commandsOf(plan: Plan, undo = false): string[] {
  const access = plan.access.flatMap(({ path, before, uid, gid, mode }) => {
    const [to, bits] = undo ? [before, before.mode] : [{ uid, gid }, mode];
    const name = word(inRoot(plan, path));
    return [
      ...(uid === before.uid && gid === before.gid ? [] : [`chown -h ${to.uid}:${to.gid} ${name}`]),
      ...(mode === before.mode ? [] : [`chmod ${octal(bits)} ${name}`]),
    ];
  });
  const settings = plan.settings.map(
    ({ name, before, value }) => `sysctl -w ${word(`${name}=${undo ? before : value}`)}`,
  );
  return [...access, ...settings];
}

/** Text that goes to a terminal must not steer it; a program gets it as it is, or the patch would not apply. */
const shown = (text: string, terminal: boolean): string =>
  terminal
    ? text
        .split('\n')
        .map((line) => printable(line.replaceAll('\t', '    ')))
        .join('\n')
    : text;

/** @param terminal escape what would steer it */
export function planText(plan: Plan, terminal: boolean): string {
  if (isEmpty(plan)) return '';
  const diff = diffOf(plan.files, namer(plan));
  const commands = commandsOf(plan);
  const part = (head: string, lines: readonly string[]): string =>
    lines.length === 0 ? '' : `${head}\n${lines.map((line) => `# ${printable(line)}`).join('\n')}\n`;
  return shown(
    [
      diff === '' ? '' : `# files, from ${word(baseOf(plan))}\n${diff}`,
      part('# beside files', commands),
      part(
        '# then, by you',
        plan.next.map(({ command, why }) => `${command}    (${why})`),
      ),
    ].join(''),
    terminal,
  );
}

export function planJson(plan: Plan): string {
  const nameOf = namer(plan);
  return jsonText(
    {
      schemaVersion: 1,
      base: baseOf(plan),
      files: plan.files.map(({ path, before, after }) => ({
        ...{ path, new: before === null },
        diff: unifiedDiff(nameOf(path), before, after),
      })),
      commands: commandsOf(plan),
      next: plan.next,
      repairs: plan.repairs,
      left: plan.left,
    },
    2,
  );
}

/** The patch that was applied, with what takes it back. @param file where it is kept */
export function undoText(plan: Plan, file: string): string {
  const commands = [
    ...(plan.files.length === 0 ? [] : [`patch -R -p1 -d ${word(baseOf(plan))} < ${word(file)}`]),
    ...commandsOf(plan, true),
  ];
  return `# To undo it:\n${commands.map((line) => `#   ${line}`).join('\n')}\n${diffOf(plan.files, namer(plan))}`;
}
