// SPDX-License-Identifier: Apache-2.0
// How dockerd is configured: daemon.json, and the command line of the running daemon or else of its unit. dockerd refuses to start
// when both set the same thing, so the two never disagree; of lists, both count.
import type { Location } from '../../types.ts';
import { parseObject } from './json.ts';
import type { Text, Tree } from './tree.ts';

export interface Setting {
  readonly value: unknown;
  readonly location: Location;
}
export interface DockerFacts {
  /** Path that shows that it is installed; null: it is not. */
  readonly program: string | null;
  /** Path of daemon.json, whether or not it is there. */
  readonly config: string;
  /** Why daemon.json cannot be read, so that nothing can be said about its settings; null when it can, or is absent. */
  readonly problem: string | null;
  /** By the name in daemon.json. */
  readonly settings: Readonly<Record<string, Setting>>;
}

const PROGRAMS = [
  '/usr/bin/dockerd',
  '/usr/sbin/dockerd',
  '/usr/local/bin/dockerd',
  '/usr/local/sbin/dockerd',
  '/snap/bin/dockerd',
];
const UNIT_DIRECTORIES = [
  '/etc/systemd/system',
  '/run/systemd/system',
  '/usr/local/lib/systemd/system',
  '/usr/lib/systemd/system',
  '/lib/systemd/system',
];
const DEFAULTS = '/etc/default/docker';

/** Flags whose name differs from the key; the plural ones may be repeated. */
const KEYS: Readonly<Record<string, string>> = {
  H: 'hosts',
  host: 'hosts',
  g: 'data-root',
  graph: 'data-root',
  l: 'log-level',
  s: 'storage-driver',
  D: 'debug',
  'insecure-registry': 'insecure-registries',
  'authorization-plugin': 'authorization-plugins',
  'default-ulimit': 'default-ulimits',
  'log-opt': 'log-opts',
  'storage-opt': 'storage-opts',
};
const LISTS: ReadonlySet<string> = new Set([
  'hosts',
  'insecure-registries',
  'authorization-plugins',
  'default-ulimits',
  'log-opts',
  'storage-opts',
]);
const SWITCHES: ReadonlySet<string> = new Set([
  'D',
  'debug',
  'experimental',
  'icc',
  'init',
  'ip-forward',
  'ip-masq',
  'iptables',
  'ip6tables',
  'ipv6',
  'live-restore',
  'no-new-privileges',
  'raw-logs',
  'rootless',
  'selinux-enabled',
  'tls',
  'tlsverify',
  'userland-proxy',
  'allow-direct-routing',
]);

/** LONG_LINE_MAX of systemd, which refuses a unit with a longer one; of a regular expression it would overflow the stack. */
const LINE_LIMIT = 1 << 20;

/** Words of a command line as systemd and a shell split them; variables are left as they are. */
export function words(line: string): string[] {
  return [...line.slice(0, LINE_LIMIT).matchAll(/(?:"(?:[^"\\]|\\.)*"|'[^']*'|\\.|[^\s"'\\])+/g)].map(([word]) =>
    word.replace(/"((?:[^"\\]|\\.)*)"|'([^']*)'|\\(.)/g, (_, double?: string, single?: string, escaped?: string) =>
      double === undefined ? (single ?? escaped ?? '') : double.replace(/\\(.)/g, '$1'),
    ),
  );
}

/** `['--icc=false', '-H', 'fd://']` by key: switches are booleans, what may be repeated is a list. */
export function parseFlags(argv: readonly string[]): Map<string, unknown> {
  const found = new Map<string, unknown>();
  for (let i = 0; i < argv.length; i += 1) {
    const match = /^(?:--([a-z][a-z0-9-]*)|-([A-Za-z]))(?:=(.*))?$/s.exec(argv[i] ?? '');
    if (match === null) continue;
    const name = match[1] ?? match[2] ?? '';
    const key = KEYS[name] ?? name;
    if (SWITCHES.has(name)) found.set(key, !/^(?:0|f|false)$/i.test(match[3] ?? 'true'));
    else {
      if (match[3] === undefined) i += 1;
      const value = match[3] ?? argv[i] ?? '';
      if (LISTS.has(key)) found.set(key, [...((found.get(key) as string[] | undefined) ?? []), value]);
      else found.set(key, value);
    }
  }
  return found;
}

/** The last ExecStart= of a unit and its drop-ins; an empty one takes back those before it. */
export function execStart(texts: readonly string[]): string | undefined {
  const all = texts.flatMap((text) => [...text.replace(/\\\n/g, ' ').matchAll(/^[ \t]*ExecStart[ \t]*=(.*)$/gm)]);
  return all.map((match) => (match[1] ?? '').trim()).findLast((line) => line !== '');
}

function unitCommand(tree: Tree): { argv: string[]; path: string } | undefined {
  const unit = UNIT_DIRECTORIES.map((directory) => `${directory}/docker.service`).find(
    (path) => tree.stat(path)?.type === 'file',
  );
  if (unit === undefined) return undefined;
  const dropIns = UNIT_DIRECTORIES.toReversed().flatMap((directory) =>
    (tree.list(`${directory}/docker.service.d`) ?? [])
      .filter((name) => name.endsWith('.conf'))
      .map((name) => `${directory}/docker.service.d/${name}`),
  );
  const line = execStart([unit, ...dropIns].map((path) => tree.text(path) ?? ''));
  const options = /^[ \t]*(?:export[ \t]+)?DOCKER_OPTS=(.*)$/m.exec(tree.text(DEFAULTS) ?? '')?.[1];
  const argv = words(line ?? '').flatMap((word) =>
    /^\$\{?DOCKER_OPTS\}?$/.test(word) ? words(words(options ?? '').join(' ')) : [word],
  );
  return { argv, path: unit };
}

/** Its own pid file says which process is the daemon: a name alone can be taken by anyone. */
function runningCommand(tree: Tree): { argv: string[]; path: string } | undefined {
  const pid = tree.text('/run/docker.pid') ?? '';
  if (!/^\d{1,10}$/.test(pid) || tree.text(`/proc/${pid}/comm`) !== 'dockerd') return undefined;
  const argv = tree.text(`/proc/${pid}/cmdline`)?.split('\0') ?? [];
  return { argv, path: `/proc/${pid}/cmdline` };
}

/** By what they are for: the settings that name a file. */
export const TLS_SETTINGS = ['tlscacert', 'tlscert', 'tlskey'] as const;

/** Absolute paths of the files that TLS of the daemon needs. */
export const tlsFiles = ({ settings }: DockerFacts): string[] =>
  TLS_SETTINGS.map((key) => settings[key]?.value).filter(
    (path): path is string => typeof path === 'string' && path.startsWith('/'),
  );

export function collectDocker(tree: Tree): DockerFacts {
  const command = runningCommand(tree) ?? unitCommand(tree);
  const program = PROGRAMS.find((path) => tree.stat(path)?.type === 'file') ?? command?.path ?? null;
  const flags = parseFlags(command?.argv ?? []);
  const named = flags.get('config-file');
  const config = typeof named === 'string' && named.startsWith('/') ? named : '/etc/docker/daemon.json';
  return { program, config, ...settingsOf(tree.read(config), config, flags, command?.path ?? '') };
}

/**
 * What both say together.
 * @param read daemon.json, which is at `config`
 * @param flags of its command line, which stands in `command`
 */
export function settingsOf(
  read: Text,
  config: string,
  flags: ReadonlyMap<string, unknown>,
  command: string,
): Pick<DockerFacts, 'problem' | 'settings'> {
  const settings = new Map<string, Setting>();
  for (const [key, value] of flags)
    settings.set(key, { value, location: { logical: `dockerd ${key}`, path: command.slice(1) } });
  let problem = read.status === 'unreadable' ? read.why : null;
  if (read.status === 'text' && read.text.trim() !== '') {
    const object = parseObject(read.text);
    if (object.status === 'invalid') problem = object.why;
    else
      for (const [key, { value, region }] of Object.entries(object.members)) {
        const before = settings.get(key)?.value;
        const both =
          Array.isArray(before) && Array.isArray(value) ? [...(before as unknown[]), ...(value as unknown[])] : value;
        settings.set(key, { value: both, location: { logical: config, path: config.slice(1), region } });
      }
  }
  return { problem, settings: Object.fromEntries(settings) };
}
