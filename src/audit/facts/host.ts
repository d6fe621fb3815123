// SPDX-License-Identifier: Apache-2.0
// Facts about a machine that runs containers: this one, or one whose file tree is below a directory. In a tree, what only a running kernel
// knows is taken from its proc and sys when they are there, and is unknown otherwise: never from the machine that the audit runs on.
import { posix } from 'node:path';
import { type Account, groupId, membersOf, parseAccounts, parseRanges, type Range } from './host/accounts.ts';
import { type AuditdFacts, collectAuditd } from './host/auditd.ts';
import { collectDocker, type DockerFacts, tlsFiles } from './host/docker.ts';
import { ALL_FILES } from './host/files.ts';
import { collectHomes, type HomeFacts } from './host/homes.ts';
import { collectIntegrity, type IntegrityFacts } from './host/integrity.ts';
import { collectKernel, type KernelFacts } from './host/kernel.ts';
import { collectLogins, type LoginFacts } from './host/logins.ts';
import { collectLogs, type LogFacts } from './host/logs.ts';
import { collectMail, type MailFacts } from './host/mail.ts';
import { type Mount, parseMounts } from './host/mounts.ts';
import { collectPackages, type PackageFacts } from './host/packages.ts';
import { collectPodman, type PodmanFacts } from './host/podman.ts';
import { collectPrograms, type ProgramFacts } from './host/programs.ts';
import { collectRootless, type RootlessFacts } from './host/rootless.ts';
import { collectSystem, type SystemFacts } from './host/system.ts';
import { type FileFact, Tree } from './host/tree.ts';
import { collectTrust, registryCertificates, type TrustFacts } from './host/trust.ts';

export type { FileFact, KernelFacts };

export interface HostFacts {
  /** Absolute; `/` is this machine. */
  readonly root: string;
  readonly kernel: KernelFacts;
  readonly mounts: readonly Mount[] | undefined;
  /** By absolute path: null is absent; a path that could not be looked at is left out. */
  readonly files: Readonly<Record<string, FileFact | null>>;
  /** The program that the kernel starts for a core dump; null when none, undefined when it cannot be looked at. */
  readonly coreHandler: FileFact | null | undefined;
  /** Undefined: /etc/passwd cannot be read. */
  readonly accounts: readonly Account[] | undefined;
  /** Undefined: there is no such group; null: /etc/group cannot be read. */
  readonly dockerGroup: readonly string[] | null | undefined;
  /** Id of the group docker. Undefined: there is no such group; null: /etc/group cannot be read. */
  readonly dockerGid: number | null | undefined;
  /** Files of certificates for registries, which are in `files`; undefined: they cannot be listed. */
  readonly registryCertificates: readonly string[] | undefined;
  readonly trust: TrustFacts;
  /** Null: the file cannot be read. */
  readonly subuid: readonly Range[] | null;
  readonly subgid: readonly Range[] | null;
  readonly docker: DockerFacts;
  readonly auditd: AuditdFacts;
  readonly system: SystemFacts;
  readonly podman: PodmanFacts;
  readonly rootless: RootlessFacts;
  /** Undefined, all of these: the facts were recorded before anybody looked. */
  readonly logins: LoginFacts | undefined;
  readonly logs: LogFacts | undefined;
  readonly packages: PackageFacts | undefined;
  readonly integrity: IntegrityFacts | undefined;
  readonly programs: ProgramFacts | undefined;
  readonly homes: HomeFacts | undefined;
  readonly mail: MailFacts | undefined;
  /** `secure` has switched forwarding on for its containers, and will switch it off. */
  readonly forwardingLent: boolean;
}

/** The program of `|/path/to/handler %P`, where the kernel starts it: in `/`. Undefined when dumps go to files. */
export function corePatternProgram(pattern: string): string | undefined {
  const program = /^\|\s*(\S+)/.exec(pattern)?.[1];
  return program === undefined ? undefined : posix.normalize(`/${program}`);
}

const NETWORKS = '/run/secure-host/networks';

/** Did we switch forwarding on for a bridge of ours? What it was before is noted there, and put back after the last container. */
function lendsForwarding(tree: Tree): boolean {
  const notes = (tree.list(NETWORKS) ?? []).map((bridge) => tree.text(`${NETWORKS}/${bridge}/restore`) ?? '');
  return notes.some((note) => /^ipv4\/ip_forward 0$/m.test(note));
}

/** An absent file says what an empty one does; null: it is there and says nothing. */
function parsed<T>(tree: Tree, path: string, parse: (text: string) => T): T | null {
  const read = tree.read(path);
  return read.status === 'unreadable' ? null : parse(read.status === 'text' ? read.text : '');
}

/**
 * Undefined: not known. Below another root `self` of a live /proc is this process, whose mounts are its own: there the first process counts, and
 * where that may not be looked at, nothing is known.
 */
function mountTable(tree: Tree): string | undefined {
  if (tree.live) return tree.text('/proc/self/mountinfo') ?? tree.text('/proc/1/mountinfo');
  const first = tree.read('/proc/1/mountinfo');
  if (first.status === 'absent') return tree.text('/proc/self/mountinfo');
  return first.status === 'text' && first.text !== '' ? first.text : undefined;
}

/**
 * @param root directory that is the root of the machine; `/`: this one
 * @throws SecureError INVALID_VALUE: no such directory; RUNTIME_MISSING: no native addon
 */
export async function collectHost(root = '/'): Promise<HostFacts> {
  const tree = new Tree(root);
  try {
    const kernel = collectKernel(tree);
    const table = mountTable(tree);
    const mounts = table === undefined ? undefined : parseMounts(table);
    const passwd = tree.text('/etc/passwd');
    const accounts = passwd === undefined ? undefined : parseAccounts(passwd);
    // With a merged /usr both names are of one directory: each file counts once.
    const merged = tree.same('/lib/systemd/system', '/usr/lib/systemd/system');
    const docker = collectDocker(tree);
    const certificates = registryCertificates(tree);
    const system = collectSystem(tree);
    const logs = collectLogs(tree);
    const programs = collectPrograms(tree);
    const more = [
      ...[...(certificates ?? []), ...tlsFiles(docker), ...system.hostKeys, ...(system.hostPublicKeys ?? [])],
      ...[...system.rootCommands, ...logs.paths, ...programs.loose, ...programs.setId],
    ];
    const handler = corePatternProgram(kernel.sysctls?.['kernel.core_pattern'] ?? '');
    return {
      root: tree.root,
      kernel,
      mounts,
      files: Object.fromEntries(
        [...ALL_FILES, ...more].flatMap((path) => {
          const fact = merged && path.startsWith('/lib/') ? null : tree.stat(path);
          return fact === undefined ? [] : [[path, fact] as const];
        }),
      ),
      coreHandler: handler === undefined ? null : tree.stat(handler),
      accounts,
      dockerGroup: parsed(tree, '/etc/group', (text) => membersOf('docker', text, accounts ?? [])),
      dockerGid: parsed(tree, '/etc/group', (text) => groupId('docker', text)),
      registryCertificates: certificates,
      trust: collectTrust(tree),
      subuid: parsed(tree, '/etc/subuid', parseRanges),
      subgid: parsed(tree, '/etc/subgid', parseRanges),
      docker,
      auditd: collectAuditd(tree),
      system,
      podman: collectPodman(tree),
      rootless: collectRootless(tree, accounts, mounts),
      logins: collectLogins(tree),
      logs,
      packages: collectPackages(tree),
      integrity: collectIntegrity(tree),
      programs,
      homes: collectHomes(tree, passwd, mounts),
      mail: collectMail(tree),
      forwardingLent: lendsForwarding(tree),
    };
  } finally {
    tree.close();
  }
}

export { exampleFacts } from './host/example.ts';
