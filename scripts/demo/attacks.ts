// SPDX-License-Identifier: Apache-2.0
// Which layer stopped each attempt. seccomp is asked first by the kernel, so whether it was the one is calculated from the
// filter of the container's own plan; for what it lets pass, the errno says which of the layers behind it answered.
import { compileSeccomp, evaluateSeccomp } from '../../src/native.ts';

const SECCOMP_RET_ALLOW = 0x7fff0000;
const [AF_INET, SOCK_RAW, SOCK_STREAM, SOCK_DGRAM, O_WRONLY] = [2n, 3n, 1n, 2n, 1n];
const [PTRACE_ATTACH, AT_FDCWD] = [16n, 0xffffff9cn];

interface Machine {
  /** AUDIT_ARCH_* */
  readonly arch: number;
  readonly numbers: Readonly<Record<'ptrace' | 'mount' | 'kill' | 'openat' | 'socket', number>>;
}
const MACHINES: Readonly<Record<string, Machine>> = {
  x64: { arch: 0xc000003e, numbers: { ptrace: 101, mount: 165, kill: 62, openat: 257, socket: 41 } },
  arm64: { arch: 0xc00000b7, numbers: { ptrace: 117, mount: 40, kill: 129, openat: 56, socket: 198 } },
};

interface Attack {
  readonly what: string;
  readonly call: keyof Machine['numbers'];
  readonly args: readonly bigint[];
  /** The layer behind seccomp, by what the kernel answered. */
  readonly layers: Readonly<Record<string, string>>;
}

const files = {
  EROFS: 'read-only mount',
  EACCES: 'user namespace: the file is the real root’s, who is nobody inside',
  EPERM: 'Landlock',
};

/** By the names that attacks.pl prints. */
export const ATTACKS: Readonly<Record<string, Attack>> = {
  mount: { what: 'mount a file system', call: 'mount', args: [], layers: { EPERM: 'capabilities: no SYS_ADMIN' } },
  'ptrace-host-pid': {
    what: 'trace a process of another container, by host pid',
    call: 'ptrace',
    args: [PTRACE_ATTACH],
    layers: { ESRCH: 'pid namespace' },
  },
  'ptrace-neighbour': {
    what: 'trace a neighbour in this container',
    call: 'ptrace',
    args: [PTRACE_ATTACH, 1n],
    layers: { EPERM: 'Landlock: another domain' },
  },
  'signal-host-pid': {
    what: 'signal a process of another container, by host pid',
    call: 'kill',
    args: [],
    layers: { ESRCH: 'pid namespace: there is no such process' },
  },
  'proc-sys': { what: 'write to /proc/sys', call: 'openat', args: [AT_FDCWD, 0n, O_WRONLY], layers: files },
  'image-file': {
    what: 'replace a program of the image',
    call: 'openat',
    args: [AT_FDCWD, 0n, O_WRONLY],
    layers: files,
  },
  'raw-socket': {
    what: 'open a raw socket',
    call: 'socket',
    args: [AF_INET, SOCK_RAW, 1n],
    layers: { EPERM: 'capabilities: no NET_RAW' },
  },
  'egress-tcp': {
    what: 'connect to a second container',
    call: 'socket',
    args: [AF_INET, SOCK_STREAM],
    layers: { EACCES: 'Landlock: no port declared', EHOSTUNREACH: 'network: isolated bridge port' },
  },
  'egress-udp': {
    what: 'send a datagram to a second container',
    call: 'socket',
    args: [AF_INET, SOCK_DGRAM],
    layers: { 'no-answer': 'network: isolated bridge port', EPERM: 'network: nftables' },
  },
};

/** ptrace and mount of this machine, for attacks.pl. */
export function attackNumbers(): { ptrace: number; mount: number } {
  return machine().numbers;
}

function machine(): Machine {
  const found = MACHINES[process.arch];
  if (found === undefined) throw new Error(`no system call numbers for ${process.arch}`);
  return found;
}

export interface Attempt {
  readonly what: string;
  /** errno, `no-answer`, or `done` when nothing stopped it. */
  readonly result: string;
  /** undefined: nothing stopped it, or what stopped it is not known; both count as a failure of the demonstration. */
  readonly layer: string | undefined;
}

/** @param output what attacks.pl printed; @param filter linux.seccomp of the container's plan */
export function judge(output: string, filter: unknown): Attempt[] {
  const { arch, numbers } = machine();
  const { instructions } = compileSeccomp(JSON.stringify(filter));
  const results = new Map(output.split('\n').map((line) => line.split(' ') as [string, string]));
  return Object.entries(ATTACKS).map(([name, { what, call, args, layers }]) => {
    const result = results.get(name) ?? 'not tried';
    if (result === 'done' || result === 'not tried') return { what, result, layer: undefined };
    const passes = evaluateSeccomp(instructions, arch, numbers[call], args) === SECCOMP_RET_ALLOW;
    return { what, result, layer: passes ? layers[result] : `seccomp: ${call}` };
  });
}
