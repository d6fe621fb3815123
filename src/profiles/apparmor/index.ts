// SPDX-License-Identifier: Apache-2.0
// An AppArmor profile for exactly one plan: what it does not grant is refused. apparmor.d(5).
import { createHash } from 'node:crypto';

export interface AppArmorInput {
  /** What is written to is named in `writable`; otherwise everything but kernel interfaces may be written. */
  readonly readOnlyRoot: boolean;
  /** Directories and files that may be written to, absolute. */
  readonly writable: readonly string[];
  /** With CAP_; the most that the container can ever have. */
  readonly capabilities: readonly string[];
  readonly maskedPaths: readonly string[];
  readonly readonlyPaths: readonly string[];
  /** Kernel and parser know rules for POSIX message queues, and refuse what no rule grants. */
  readonly mqueue: boolean;
}

export interface AppArmorProfile {
  /** By content, so that equal plans share what is loaded. */
  readonly name: string;
  readonly text: string;
}

const DEVICES = '/dev/{null,zero,full,random,urandom,tty,ptmx,console,pts/*}';

/** Quoted, and nothing in it is a pattern. Bytes that end a line or a string go in as octal. */
function literal(path: string): string {
  const escaped = path
    .replace(/[\\?*[\]{}^@"]/g, '\\$&')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a rule cannot hold as they are
    .replace(/[\x01-\x1f\x7f]/g, (c) => `\\${c.charCodeAt(0).toString(8).padStart(3, '0')}`);
  return `"${escaped}"`;
}

/** The path itself and everything beneath it. */
function tree(path: string, access: string, deny = false): string[] {
  const word = deny ? 'deny ' : '';
  const top = path === '/' ? '' : path;
  return [
    ...(path === '/' ? [] : [`${word}${literal(path)} ${access},`]),
    `${word}${literal(top).slice(0, -1)}/**" ${access},`,
  ];
}

function fileRules(input: AppArmorInput): string[] {
  const { readOnlyRoot, writable, maskedPaths, readonlyPaths } = input;
  const rules = readOnlyRoot
    ? ['/ r,', '/** rkmix,', ...writable.flatMap((path) => tree(path, 'rwkl')), `${DEVICES} rw,`]
    : [
        '/ rw,',
        '/** rwklmix,',
        // Of /proc only what belongs to a process.
        'deny /proc/[^1-9]** wkl,',
        'deny /sys/** wkl,',
      ];
  return [
    ...rules,
    // Beneath the mounts that hide and protect them: what takes a mount away has won nothing.
    ...readonlyPaths.flatMap((path) => tree(path, 'wkl', true)),
    ...maskedPaths.flatMap((path) => [
      `deny ${literal(path)} wklmx,`,
      `deny ${literal(path).slice(0, -1)}/**" rwklmx,`,
    ]),
  ];
}

function otherRules({ capabilities, mqueue }: AppArmorInput): string[] {
  const raw = capabilities.includes('CAP_NET_RAW') || capabilities.includes('CAP_NET_ADMIN');
  return [
    ...capabilities.map((name) => `capability ${name.replace(/^CAP_/, '').toLowerCase()},`),
    ...['inet', 'inet6'].flatMap((family) =>
      ['stream', 'dgram', ...(raw ? ['raw'] : [])].map((type) => `network ${family} ${type},`),
    ),
    'network netlink raw,',
    'network netlink dgram,',
    ...(raw ? ['network packet,'] : []),
    'network unix,',
    'unix,',
    ...(mqueue ? ['mqueue type=posix,'] : []),
    'signal (receive),',
    'signal (send) peer=@{profile_name},',
    'ptrace peer=@{profile_name},',
  ];
}

/** No mount, no change of profile, no user namespace: they are granted by no rule. */
export function appArmorProfile(input: AppArmorInput): AppArmorProfile {
  const body = [...fileRules(input), ...otherRules(input)].map((rule) => `  ${rule}\n`).join('');
  const name = `secure-${createHash('sha256').update(body).digest('hex').slice(0, 16)}`;
  return { name, text: `profile ${name} flags=(attach_disconnected,mediate_deleted) {\n${body}}\n` };
}
