// SPDX-License-Identifier: Apache-2.0
// Calls of which only some uses are fine. Numbers are the kernel's; all values here fit 32 bits, and the
// compiler compares as many bits as the kernel looks at.
import {
  allow,
  differs,
  ENOSYS,
  EPROTONOSUPPORT,
  equal,
  masked,
  refuse,
  type SeccompLevel,
  type SeccompRule,
} from './model.ts';

/** CLONE_NEWNS | NEWCGROUP | NEWUTS | NEWIPC | NEWUSER | NEWPID | NEWNET. NEWTIME shares its bit with the exit signal. */
const CLONE_NAMESPACES = 0x7e020000;

/** No new namespaces; clone3 hides its flags behind a pointer, so it "does not exist" and the C library uses clone. */
export const withoutNamespaces: readonly SeccompRule[] = [
  allow(['clone'], masked(0, CLONE_NAMESPACES, 0)),
  refuse('clone3', ENOSYS),
];

const AF = { UNIX: 1, INET: 2, INET6: 10, NETLINK: 16, PACKET: 17 } as const;
const NETLINK = { ROUTE: 0, SOCK_DIAG: 4, AUDIT: 9, KOBJECT_UEVENT: 15, GENERIC: 16 } as const;

/**
 * Docker's allow-list of 2026: what the kernel still implements, without AF_ALG (38: the kernel's crypto API) and
 * AF_VSOCK (40: before Linux 7.0 it reaches virtual machines across network namespaces).
 */
const DOCKER_DOMAINS = [
  1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16, 17, 18, 21, 22, 24, 26, 27, 28, 29, 30, 31, 32, 33, 35, 36, 39, 41,
  42, 43, 44, 45,
];

function sockets(level: SeccompLevel, has: (capability: string) => boolean): SeccompRule[] {
  if (level === 'baseline') return DOCKER_DOMAINS.map((domain) => allow(['socket'], equal(0, domain)));
  const rules = [AF.UNIX, AF.INET, AF.INET6].map((domain) => allow(['socket'], equal(0, domain)));
  if (has('NET_RAW') || has('NET_ADMIN')) rules.push(allow(['socket'], equal(0, AF.PACKET)));
  if (has('NET_ADMIN')) return [...rules, allow(['socket'], equal(0, AF.NETLINK))];
  const protocols: number[] =
    level === 'strict' ? [NETLINK.ROUTE] : [NETLINK.ROUTE, NETLINK.SOCK_DIAG, NETLINK.KOBJECT_UEVENT, NETLINK.GENERIC];
  const audit = [equal(0, AF.NETLINK), equal(2, NETLINK.AUDIT)];
  return [
    ...rules,
    ...protocols.map((protocol) => allow(['socket'], equal(0, AF.NETLINK), equal(2, protocol))),
    has('AUDIT_WRITE') ? allow(['socket'], ...audit) : refuse('socket', EPROTONOSUPPORT, ...audit),
  ];
}

const TIOCSTI = 0x5412;
const TIOCLINUX = 0x541c;
const S_IFMT = 0xf000;
/** FIFO, regular file, socket, and 0, which also means a regular file. */
const HARMLESS_NODES = [0x1000, 0x8000, 0xc000, 0];
const READ_PERSONALITY = 0xffffffff;
/** PER_LINUX32 and UNAME26, as Docker. */
const PERSONALITIES = [0, 8, 0x20000, 0x20008, READ_PERSONALITY];
const PROT_WRITE = 2;
const PROT_EXEC = 4;
const SHM_EXEC = 0x8000;
const SCHED_RESET_ON_FORK = 0x40000000;
/** SCHED_OTHER, SCHED_BATCH, SCHED_IDLE. */
const ORDINARY_SCHEDULING = [0, 3, 5];

/** Memory never both writable and executable, and never made executable later: what MemoryDenyWriteExecute= refuses. */
const WITHOUT_NEW_CODE: readonly SeccompRule[] = [
  allow(['mmap', 'mmap2'], masked(2, PROT_WRITE, 0)),
  allow(['mmap', 'mmap2'], masked(2, PROT_EXEC, 0)),
  allow(['mprotect', 'pkey_mprotect'], masked(2, PROT_EXEC, 0)),
  allow(['shmat'], masked(2, SHM_EXEC, 0)),
];
const NEW_CODE: readonly SeccompRule[] = [allow(['mmap', 'mmap2', 'mprotect', 'pkey_mprotect', 'shmat'])];

/** `jit`: code may be made at run time. `has`: the container's capabilities, names without CAP_. */
export function conditions(level: SeccompLevel, jit: boolean, has: (capability: string) => boolean): SeccompRule[] {
  const strict = level === 'strict';
  const nodes = ['mknod', 'mknodat'] as const;
  return [
    ...sockets(level, has),
    strict ? allow(['socketpair'], equal(0, AF.UNIX)) : allow(['socketpair']),
    level === 'baseline' ? allow(['ioctl']) : allow(['ioctl'], differs(1, TIOCSTI), differs(1, TIOCLINUX)),
    ...(strict ? [0, READ_PERSONALITY] : PERSONALITIES).map((value) => allow(['personality'], equal(0, value))),
    ...(level === 'baseline' || has('MKNOD')
      ? [allow(nodes)]
      : HARMLESS_NODES.flatMap((type) => nodes.map((name, index) => allow([name], masked(index + 1, S_IFMT, type))))),
    ...(strict && !jit ? WITHOUT_NEW_CODE : NEW_CODE),
    ...(strict
      ? ORDINARY_SCHEDULING.map((policy) =>
          allow(['sched_setscheduler'], masked(1, 0xffffffff - SCHED_RESET_ON_FORK, policy)),
        )
      : []),
  ];
}
