// SPDX-License-Identifier: Apache-2.0
// How dockerd of a user is started: rootlesskit makes its namespaces and its network, by what dockerd-rootless.sh tells it
// (https://github.com/moby/moby/blob/master/contrib/dockerd-rootless.sh).

import { quoted } from '../../verdicts.ts';
import type { DockerFacts } from './docker.ts';
import { execStart, parseFlags, settingsOf, words } from './docker.ts';
import type { Home } from './home.ts';
import type { Text, Tree } from './tree.ts';

export interface RootlessNetwork {
  /** Where that is said: a unit, or the command line of the process. */
  readonly place: string;
  /** `slirp4netns`, `pasta`, `vpnkit`, `host` ...; empty: the script chooses one that is installed. */
  readonly driver: string;
  /** `builtin`, `slirp4netns`, `implicit`, `none`. */
  readonly portDriver: string;
  /** slirp4netns runs in namespaces of its own, behind a filter of system calls. */
  readonly sandbox: boolean;
  readonly seccomp: boolean;
  /** Containers reach what listens on 127.0.0.1 of the machine. */
  readonly hostLoopback: boolean;
}

const CONFIG = '.config/docker/daemon.json';
const UNIT = '.config/systemd/user/docker.service';
const UNITS = ['/etc/systemd/user', '/run/systemd/user', '/usr/local/lib/systemd/user', '/usr/lib/systemd/user'];
/** Where parts of a unit may lie that are not read: below a home, and below the runtime directory of a user. systemd.unit(5). */
const ELSEWHERE = ['.local/share/systemd/user', '.config/systemd/user.control'];
const PASSING = ['systemd/user', 'systemd/user.control', 'systemd/transient'];
const VARIABLES = '.config/environment.d';
const PREFIX = 'DOCKERD_ROOTLESS_ROOTLESSKIT_';
/** From dockerd to rootlesskit, which starts the script, which starts itself. */
const ANCESTORS = 6;

interface Started {
  readonly dockerd: readonly string[];
  readonly rootlesskit: readonly string[];
  readonly place: string;
}

/** `Environment=` of units, in their order: the last one counts. */
function environment(texts: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, line = ''] of texts.flatMap((text) => [...text.matchAll(/^[ \t]*Environment[ \t]*=(.*)$/gm)]))
    for (const word of words(line)) {
      const at = word.indexOf('=');
      if (at > 0) found.set(word.slice(0, at), word.slice(at + 1));
    }
  return found;
}

/** What the script gives rootlesskit where the environment says that. */
function commandOf(set: ReadonlyMap<string, string>): string[] {
  const value = (name: string): string => set.get(`${PREFIX}${name}`) ?? '';
  const loopback = value('DISABLE_HOST_LOOPBACK') === 'false' ? [] : ['--disable-host-loopback'];
  return [
    `--net=${value('NET')}`,
    `--slirp4netns-sandbox=${value('SLIRP4NETNS_SANDBOX') || 'auto'}`,
    `--slirp4netns-seccomp=${value('SLIRP4NETNS_SECCOMP') || 'auto'}`,
    `--port-driver=${value('PORT_DRIVER') || 'builtin'}`,
    ...loopback,
    ...words(value('FLAGS')),
  ];
}

/** Why what is read of its unit may not be all of it; undefined: it is. @param texts all parts of it that are read */
function more(home: Home, runtime: Home | undefined, texts: readonly string[]): string | undefined {
  const places = [...ELSEWHERE.map((one) => [home, one] as const), ...PASSING.map((one) => [runtime, one] as const)];
  const elsewhere = places.find(
    ([at, one]) =>
      at !== undefined &&
      (at.read(`${one}/docker.service`).status !== 'absent' || at.list(`${one}/docker.service.d`)?.length !== 0),
  );
  if (elsewhere !== undefined) {
    const [at, one] = elsewhere;
    return `parts of its unit lie in ${at?.path}/${one}, which are not looked at`;
  }
  if (texts.some((text) => /^[ \t]*EnvironmentFile[ \t]*=[ \t]*\S/m.test(text)))
    return 'its unit takes variables from an EnvironmentFile, which is not looked at';
  const variables = home.list(VARIABLES)?.map((name) => home.read(`${VARIABLES}/${name}`));
  const isSet = (one: Text): boolean => one.status !== 'text' || one.text.includes('DOCKERD_');
  return variables === undefined || variables.some(isSet)
    ? `${home.path}/${VARIABLES} may set variables of docker, which are not looked at`
    : undefined;
}

/** A text: why its unit, of which any part decides, cannot be read. Undefined: there is none. */
function byUnit(tree: Tree, home: Home, runtime: Home | undefined): Started | string | undefined {
  const own = home.read(UNIT);
  if (own.status === 'unreadable') return `${home.path}/${UNIT}: ${own.why}`;
  const shared = UNITS.map((directory) => `${directory}/docker.service`).find((path) => tree.stat(path) !== null);
  if (own.status === 'absent' && shared === undefined) return more(home, runtime, []);
  const unit = own.status === 'text' ? own : tree.read(shared ?? '');
  if (unit.status !== 'text') return `${shared}: it cannot be read`;
  const names = home.list(`${UNIT}.d`);
  if (names === undefined) return `${home.path}/${UNIT}.d cannot be listed`;
  const texts = [unit.text];
  // Of all users: those of the user himself come last, and count.
  for (const directory of UNITS.toReversed().map((one) => `${one}/docker.service.d`)) {
    const parts = tree.list(directory);
    if (parts === undefined) return `${directory} cannot be listed`;
    for (const name of parts.filter((one) => one.endsWith('.conf'))) {
      const read = tree.read(`${directory}/${name}`);
      if (read.status === 'unreadable') return `${quoted(`${directory}/${name}`)}: ${read.why}`;
      if (read.status === 'text') texts.push(read.text);
    }
  }
  for (const name of names.filter((one) => one.endsWith('.conf'))) {
    const read = home.read(`${UNIT}.d/${name}`);
    if (read.status === 'unreadable') return `${quoted(`${home.path}/${UNIT}.d/${name}`)}: ${read.why}`;
    if (read.status === 'text') texts.push(read.text);
  }
  const unread = more(home, runtime, texts);
  if (unread !== undefined) return unread;
  return {
    dockerd: words(execStart(texts) ?? ''),
    rootlesskit: commandOf(environment(texts)),
    place: own.status === 'absent' ? (shared ?? '') : `${home.path}/${UNIT}`,
  };
}

const uidOf = (status: string): number => Number(/^Uid:\s+(\d+)/m.exec(status)?.[1] ?? -1);

/** By the pid file in his directory: a process of his called dockerd, and the outermost rootlesskit above it. */
function running(tree: Tree, runtime: Home | undefined, uid: number): Started | undefined {
  const pid = runtime?.text('docker.pid') ?? '';
  if (!/^\d{1,10}$/.test(pid) || tree.text(`/proc/${pid}/comm`) !== 'dockerd') return undefined;
  if (uidOf(tree.text(`/proc/${pid}/status`) ?? '') !== uid) return undefined;
  const argv = (id: string): string[] => (tree.text(`/proc/${id}/cmdline`) ?? '').split('\0');
  let kit: string | undefined;
  let at = pid;
  for (let i = 0; i < ANCESTORS; i += 1) {
    at = /^PPid:\s+(\d+)/m.exec(tree.text(`/proc/${at}/status`) ?? '')?.[1] ?? '0';
    if (at === '0' || at === '1' || uidOf(tree.text(`/proc/${at}/status`) ?? '') !== uid) break;
    if ((tree.text(`/proc/${at}/comm`) ?? '').includes('rootlesskit')) kit = at;
  }
  if (kit === undefined) return undefined;
  return { dockerd: argv(pid), rootlesskit: argv(kit), place: `/proc/${kit}/cmdline` };
}

/** The last of a flag's values; undefined: it is not given. */
function flag(argv: readonly string[], name: string): string | undefined {
  let found: string | undefined;
  for (const [i, word] of argv.entries()) {
    if (word === `--${name}`) {
      const next = argv[i + 1] ?? '';
      found = next === '' || next.startsWith('-') ? 'true' : next;
    } else if (word.startsWith(`--${name}=`)) found = word.slice(name.length + 3);
  }
  return found;
}

/** Undefined: nothing says how it is started. */
export function collectDaemon(
  tree: Tree,
  home: Home,
  runtime: Home | undefined,
  uid: number,
): { readonly docker: DockerFacts; readonly network: RootlessNetwork | null } {
  const found = running(tree, runtime, uid) ?? byUnit(tree, home, runtime);
  const [started, why] = typeof found === 'string' ? [undefined, found] : [found, null];
  const flags = parseFlags(started?.dockerd ?? []);
  const named = flags.get('config-file');
  const config = typeof named === 'string' ? named : `${home.path}/${CONFIG}`;
  const read: Text = config.startsWith(`${home.path}/`)
    ? home.read(config.slice(home.path.length + 1))
    : { status: 'unreadable', why: 'it does not lie in the home of its user' };
  const docker = {
    ...{ program: started?.place ?? config, config },
    ...settingsOf(read, config, flags, started?.place ?? ''),
    // What its command line sets is not known then, either.
    ...(why === null ? {} : { problem: why }),
  };
  if (started === undefined) return { docker, network: null };
  const kit = started.rootlesskit;
  // A switch may be followed by what is no value of it.
  const loopback = kit.findLast((word) => /^--disable-host-loopback(?:=|$)/.test(word));
  return {
    docker,
    network: {
      place: started.place,
      driver: flag(kit, 'net') ?? 'host',
      portDriver: flag(kit, 'port-driver') ?? 'none',
      sandbox: flag(kit, 'slirp4netns-sandbox') !== 'false' && flag(kit, 'slirp4netns-sandbox') !== undefined,
      seccomp: flag(kit, 'slirp4netns-seccomp') !== 'false' && flag(kit, 'slirp4netns-seccomp') !== undefined,
      hostLoopback: loopback === undefined || /=(?:0|f|false)$/i.test(loopback),
    },
  };
}
