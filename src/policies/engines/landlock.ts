// SPDX-License-Identifier: Apache-2.0
import { beneath } from '../patterns.ts';
import type { Level } from '../types.ts';
import type { EngineMount, LandlockRules, Report } from './config.ts';
import { isWritable } from './mounts.ts';
import type { CompiledRight, EnginePolicy } from './types.ts';

interface Made {
  readonly abi: number;
  readonly readOnly: boolean;
  readonly terminal: boolean;
  readonly mounts: readonly Required<EngineMount>[];
  /** Paths in the container. */
  readonly devices: readonly string[];
}

const isKernels = (path: string): boolean =>
  beneath('/proc', path) || beneath('/sys', path) || path === '/dev' || path === '/dev/pts';

/** The Landlock domain around what the engine asks for; null: nothing to confine, or not by this kernel. */
export function holdLandlock(
  { landlock }: EnginePolicy,
  { abi, readOnly, terminal, mounts, devices }: Made,
  report: Report,
): LandlockRules | null {
  const part = (name: 'files' | 'ioctl' | 'ports' | 'scopes'): boolean => {
    const level: Level = landlock[name];
    if (level === 'off') return false;
    const least = landlock.abi[name];
    if (abi >= least) return true;
    const has = abi === 0 ? 'none' : String(abi);
    if (level === 'required')
      report.refuse(`landlock.${name}`, '', `it needs Landlock ABI ${least}, and this kernel has ${has}`);
    return false;
  };
  const { listen, connect, rights } = landlock;
  const files = readOnly && part('files');
  const ioctl = part('ioctl');
  const ports = (listen !== null || connect !== null) && part('ports');
  const scopes = part('scopes');
  const handled = rights.filter((right) => right.abi <= abi && (right.name === 'ioctl_dev' ? ioctl : files));
  const granted = (is: (right: CompiledRight) => boolean): string[] => handled.filter(is).map(({ name }) => name);
  const device = granted((right) => right.device);
  const listed = handled.some(({ name }) => name === 'read_dir') ? ['read_dir'] : [];
  const writable = mounts
    .filter(({ destination, options }) => !isKernels(destination) && isWritable(options))
    .map(({ destination }) => destination);
  const rules: [parent: readonly string[], allowed: readonly string[]][] = [
    [['/'], granted((right) => right.read)],
    [writable, granted((right) => right.write)],
    [landlock.nodes, device],
    [devices, device],
    [['/dev/pts'], [...device, ...listed]],
    [terminal ? ['/dev/console'] : [], device],
  ];
  const net: [access: string, list: readonly number[] | null][] = ports
    ? [
        ['bind_tcp', listen],
        ['connect_tcp', connect],
      ]
    : [];
  const handledAccessNet = net.filter(([, list]) => list !== null).map(([access]) => access);
  const scoped = scopes ? landlock.scopeNames : [];
  if (handled.length + handledAccessNet.length + scoped.length === 0) return null;
  return {
    handledAccessFs: handled.map(({ name }) => name),
    handledAccessNet,
    scoped,
    pathBeneath: rules
      .filter(([parent, allowed]) => parent.length > 0 && allowed.length > 0)
      .map(([parent, allowedAccess]) => ({ parent, allowedAccess })),
    netPort: net.flatMap(([access, list]) =>
      list === null || list.length === 0 ? [] : [{ port: list, allowedAccess: [access] }],
    ),
  };
}
