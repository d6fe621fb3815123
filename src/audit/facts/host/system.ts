// SPDX-License-Identifier: Apache-2.0
// The system below the engines: accounts, services, modules of the kernel, and files by which root runs commands.
import { collectSshd, type SshdFacts } from './sshd.ts';
import type { Tree } from './tree.ts';

export interface SystemFacts {
  /** Null: no sshd is installed. */
  readonly sshd: SshdFacts | null;
  /** Accounts that nobody needs a password for. Null: /etc/shadow or /etc/passwd cannot be read. */
  readonly openAccounts: readonly string[] | null;
  /** What /etc/passwd and /etc/group give twice, as `/etc/passwd name alice`, `/etc/group id 100`. Null: one cannot be read. */
  readonly duplicates: readonly string[] | null;
  /** Modules of the kernel that modprobe does not load. Undefined: the configuration cannot be read. */
  readonly barredModules: readonly string[] | undefined;
  /** Units that the start of the system brings, such as `cups.service`. Undefined: they cannot be listed, or nothing says how this system starts. */
  readonly enabledUnits: readonly string[] | undefined;
  /** Absolute paths of private keys of sshd, and of files by which root runs commands; both are in `files`. */
  readonly hostKeys: readonly string[];
  readonly rootCommands: readonly string[];
  /** Of those keys what everybody may read; in `files`. */
  readonly hostPublicKeys?: readonly string[];
  /** What /etc/selinux/config has the next start do. Null: there is none; undefined: it cannot be read. */
  readonly seLinuxConfig?: { readonly state: string; readonly policy: string } | null | undefined;
}

const UNITS = ['/etc/systemd/system', '/usr/lib/systemd/system', '/lib/systemd/system'];
const MODPROBE = [
  '/etc/modprobe.d',
  '/run/modprobe.d',
  '/usr/local/lib/modprobe.d',
  '/usr/lib/modprobe.d',
  '/lib/modprobe.d',
];
const COMMANDS = [
  ...['/etc/crontab', '/etc/anacrontab', '/etc/cron.d', '/etc/cron.hourly', '/etc/cron.daily', '/etc/cron.weekly'],
  ...['/etc/cron.monthly', '/etc/sudoers', '/etc/sudoers.d'],
];
/** Of a directory; nobody has as many. */
const NAMES = 2000;

const rows = (text: string): string[][] =>
  text
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => line.split(':'));

function openAccounts(tree: Tree): string[] | null {
  const [passwd, shadow] = [tree.read('/etc/passwd'), tree.read('/etc/shadow')];
  if (passwd.status !== 'text' || shadow.status === 'unreadable') return null;
  // Of an account whose field here is `x` the password is in the other file.
  const lines = [...rows(passwd.text), ...(shadow.status === 'text' ? rows(shadow.text) : [])];
  return [
    ...new Set(
      lines
        .filter(([name, password]) => name !== '' && !/^[+-]/.test(name ?? '') && password === '')
        .map(([name]) => name ?? ''),
    ),
  ];
}

/** Values that more than one row has. */
function twice(values: readonly (string | undefined)[]): string[] {
  const counts = new Map<string, number>();
  for (const value of values) if (value !== undefined && value !== '') counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].filter(([, count]) => count > 1).map(([value]) => value);
}

function duplicates(tree: Tree): string[] | null {
  const found: string[] = [];
  for (const file of ['/etc/passwd', '/etc/group']) {
    const read = tree.read(file);
    if (read.status !== 'text') return null;
    const all = rows(read.text);
    for (const name of twice(all.map(([first]) => first))) found.push(`${file} name ${name}`);
    // A second root is a check of its own.
    for (const id of twice(all.map(([, , number]) => number)).filter((one) => file !== '/etc/passwd' || one !== '0'))
      found.push(`${file} id ${id}`);
  }
  return found;
}

/** `install NAME /bin/false` keeps a module out; `blacklist` only its aliases, which is how the kernel asks for one. */
function barredModules(tree: Tree): string[] | undefined {
  const barred = new Set<string>();
  for (const directory of MODPROBE) {
    const names = tree.list(directory);
    if (names === undefined) return undefined;
    for (const name of names.filter((one) => one.endsWith('.conf')).slice(0, NAMES)) {
      const read = tree.read(`${directory}/${name}`);
      if (read.status === 'unreadable') return undefined;
      if (read.status !== 'text') continue;
      for (const line of read.text.split('\n')) {
        const [command, module = '', program = ''] = line.trim().split(/\s+/, 3);
        const closed = command === 'install' && /^(?:\/usr)?(?:\/bin)?\/?(?:false|true)$/.test(program);
        if (closed || command === 'blacklist') barred.add(module.replaceAll('-', '_'));
      }
    }
  }
  return [...barred].sort();
}

/** Of systemd, OpenRC (`/etc/runlevels/default/NAME`) and System V (`/etc/rc2.d/S20NAME`), all as units of systemd are called. */
function enabledUnits(tree: Tree): string[] | undefined {
  const units = new Set<string>();
  let known = false;
  let unreadable = false;
  const names = (directory: string): string[] => {
    const found = tree.list(directory);
    if (found === undefined) unreadable = true;
    return (found ?? []).slice(0, NAMES);
  };
  for (const directory of UNITS.filter((path) => tree.stat(path) !== null)) {
    known = true;
    for (const wanting of names(directory).filter((name) => /\.(?:wants|requires)$/.test(name)))
      for (const unit of names(`${directory}/${wanting}`)) units.add(unit);
  }
  for (const level of names('/etc/runlevels')) {
    known = true;
    for (const name of names(`/etc/runlevels/${level}`)) units.add(`${name}.service`);
  }
  for (const level of ['/etc/rc2.d', '/etc/rc3.d', '/etc/rc5.d'])
    for (const link of names(level)) {
      const name = /^S\d\d(.+)$/.exec(link)?.[1];
      if (name === undefined) continue;
      known = true;
      units.add(`${name}.service`);
    }
  if (unreadable || !known) return undefined;
  // A unit that is masked is a link to /dev/null.
  return [...units].filter((unit) => tree.stat(`/etc/systemd/system/${unit}`)?.type !== 'device').sort();
}

const namesIn = (tree: Tree, directory: string): string[] =>
  (tree.list(directory) ?? []).slice(0, NAMES).map((name) => `${directory}/${name}`);

function seLinuxConfig(tree: Tree): SystemFacts['seLinuxConfig'] {
  const read = tree.read('/etc/selinux/config');
  if (read.status !== 'text') return read.status === 'absent' ? null : undefined;
  const said = (key: string) => new RegExp(`^[ \\t]*${key}[ \\t]*=[ \\t]*(\\w*)`, 'm').exec(read.text)?.[1] ?? '';
  return { state: said('SELINUX').toLowerCase(), policy: said('SELINUXTYPE').toLowerCase() };
}

export function collectSystem(tree: Tree): SystemFacts {
  return {
    sshd: collectSshd(tree),
    openAccounts: openAccounts(tree),
    duplicates: duplicates(tree),
    barredModules: barredModules(tree),
    enabledUnits: enabledUnits(tree),
    hostKeys: namesIn(tree, '/etc/ssh').filter((path) => /\/ssh_host_\w+_key$/.test(path)),
    hostPublicKeys: namesIn(tree, '/etc/ssh').filter((path) => /\/ssh_host_\w+_key\.pub$/.test(path)),
    seLinuxConfig: seLinuxConfig(tree),
    rootCommands: COMMANDS.flatMap((path) => [path, ...(/\.[a-z]+$/.test(path) ? namesIn(tree, path) : [])]),
  };
}
