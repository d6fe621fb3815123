// SPDX-License-Identifier: Apache-2.0
// This machine and the configuration of its engines, read for a review: `host://`, `engine://docker`, `engine://podman:FILE`.
import { readdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { ENGINES, type EngineName, engineSubject } from '../../audit/facts/engine.ts';
import { SYSCTLS } from '../../audit/facts/host/sysctls.ts';
import { readText } from '../../audit/read-file.ts';
import { ExitCode, SecureError } from '../../errors.ts';
import type { Subject } from '../../policies/rules/evaluate.ts';
import { parseToml } from '../../runtime/engines/toml-edit.ts';
import { readHost } from '../../runtime/host.ts';
import { didYouMean } from '../../suggest.ts';

const HOST = 'host://';
const ENGINE = 'engine://';
export const namesHost = (target: string): boolean => target === HOST || target.startsWith(ENGINE);

/** Beside those that the auditor asks for. */
const MORE_SYSCTLS = [
  ...[
    'kernel.modules_disabled',
    'kernel.sysrq',
    'kernel.unprivileged_userns_clone',
    'kernel.apparmor_restrict_unprivileged_userns',
  ],
  ...[
    'kernel.kexec_load_disabled',
    'kernel.io_uring_disabled',
    'vm.mmap_min_addr',
    'vm.unprivileged_userfaultfd',
    'vm.overcommit_memory',
  ],
  ...[
    'net.ipv4.conf.all.rp_filter',
    'net.ipv4.tcp_syncookies',
    'net.ipv6.conf.all.forwarding',
    'net.ipv6.conf.all.accept_redirects',
  ],
  ...['net.bridge.bridge-nf-call-iptables', 'net.core.bpf_jit_harden', 'dev.tty.ldisc_autoload'],
];
const LIMIT = 4 << 20;

/** undefined: it is not there. */
function textAt(path: string, limit = LIMIT): string | undefined {
  try {
    return readText(path, limit);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw unreadable(path, (error as Error).message, error);
  }
}

const unreadable = (path: string, why: string, cause: unknown): SecureError =>
  new SecureError('AUDIT_UNREADABLE', `${path} cannot be read: ${why}`, { exitCode: ExitCode.usage, cause });

/** What the kernel does not have, or does not let this user read, is not there. */
function kernelText(path: string): string | undefined {
  try {
    return textAt(path, 1 << 16)?.trim();
  } catch {
    return undefined;
  }
}

async function hostSubject(): Promise<Subject> {
  const host = await readHost();
  const sysctls = [...SYSCTLS, ...MORE_SYSCTLS].flatMap((name): [string, string][] => {
    const value = kernelText(`/proc/sys/${name.replaceAll('.', '/')}`);
    return value === undefined ? [] : [[name, value]];
  });
  const facts = {
    name: hostname(),
    kernel: {
      release: host.kernelRelease,
      architecture: host.architecture,
      lockdown: /\[(\w+)\]/.exec(kernelText('/sys/kernel/security/lockdown') ?? '')?.[1] ?? '',
      tainted: Number(kernelText('/proc/sys/kernel/tainted') ?? 0),
    },
    sysctls: Object.fromEntries(sysctls),
    lsms: host.lsms,
    appArmorEnforcing: host.appArmorEnforcing,
    seLinuxEnforcing: host.seLinuxEnforcing,
    landlockAbi: host.landlockAbi,
    seccomp: host.seccomp,
    userNamespaces: host.userNamespaces,
    cgroup: { mode: host.cgroup.mode, controllers: host.cgroup.controllers },
    cpus: host.cpus,
    memory: host.memoryTotal,
    ipv6: host.ipv6,
    swaps: (kernelText('/proc/swaps') ?? '')
      .split('\n')
      .slice(1)
      .flatMap((line) => line.split(/\s+/, 1))
      .filter(Boolean),
  };
  return { target: 'host', name: facts.name, facts };
}

/** Files of an engine in the order in which it reads them; a directory stands for those in it. */
const FILES: Readonly<Record<EngineName, readonly string[]>> = {
  docker: ['/etc/docker/daemon.json'],
  podman: [
    '/usr/share/containers/containers.conf',
    '/etc/containers/containers.conf',
    '/etc/containers/containers.conf.d/',
  ],
  containerd: ['/etc/containerd/config.toml'],
  crio: ['/etc/crio/crio.conf', '/etc/crio/crio.conf.d/'],
};

/**
 * The files of an engine's configuration that are there.
 * @throws SecureError AUDIT_UNREADABLE, CONFIG_INVALID
 */
export const engineFiles = (engine: EngineName): { path: string; value: Readonly<Record<string, unknown>> }[] =>
  FILES[engine].flatMap(below).flatMap((path) => {
    const text = textAt(path);
    return text === undefined ? [] : [{ path, value: parsed(engine, text, path) }];
  });

function below(path: string): string[] {
  if (!path.endsWith('/')) return [path];
  try {
    return readdirSync(path)
      .filter((name) => /\.(?:conf|toml)$/.test(name))
      .sort()
      .map((name) => join(path, name));
  } catch {
    return [];
  }
}

function parsed(engine: EngineName, text: string, path: string): Readonly<Record<string, unknown>> {
  if (engine !== 'docker') return parseToml(text, path).value;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
    throw new Error('it is no object');
  } catch (error) {
    throw unreadable(path, (error as Error).message, error);
  }
}

/** @param rest `docker`, or `docker:FILE` */
function engineFacts(rest: string): Subject {
  const colon = rest.indexOf(':');
  const [name, given] = colon < 0 ? [rest] : [rest.slice(0, colon), rest.slice(colon + 1)];
  const engine = ENGINES.find((one) => one === name);
  if (engine === undefined)
    throw new SecureError(
      'INVALID_VALUE',
      `${ENGINE}${rest}: there is no engine ${JSON.stringify(name)}${didYouMean(name ?? '', ENGINES)}`,
      {
        hint: `known are ${ENGINES.join(', ')}; with a file: ${ENGINE}docker:./daemon.json`,
      },
    );
  const files = (given === undefined ? FILES[engine].flatMap(below) : [given]).flatMap((path) => {
    const text = textAt(path);
    if (text === undefined && given !== undefined) throw unreadable(path, 'it is not there', undefined);
    return text === undefined ? [] : [{ path, value: parsed(engine, text, path) }];
  });
  return engineSubject(engine, files);
}

/** @throws SecureError AUDIT_UNREADABLE, CONFIG_INVALID: no TOML, INVALID_VALUE, HOST_FEATURE_MISSING */
export async function hostTarget(target: string): Promise<Subject> {
  return target === HOST ? hostSubject() : engineFacts(target.slice(ENGINE.length));
}
