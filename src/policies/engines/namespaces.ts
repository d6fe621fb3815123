// SPDX-License-Identifier: Apache-2.0
import type { EngineConfig, EngineFacts, Report } from './config.ts';
import type { EnginePolicy } from './types.ts';

/** Namespaces by their names in a config and below /proc/self/ns. */
const KINDS = [
  ['pid', 'pid'],
  ['network', 'net'],
  ['ipc', 'ipc'],
  ['uts', 'uts'],
] as const;
/** Has it a user namespace in which root of the host is nobody? */
export function protectsRoot(facts: EngineFacts, { linux = {} }: EngineConfig): boolean {
  const user = linux.namespaces?.find(({ type }) => type === 'user');
  if (user === undefined) return false;
  if (user.path) return !facts.isOwnNamespace(user.path, 'user');
  // One that root of the host is mapped into is none: root inside is root outside.
  const without = (maps: readonly { readonly hostID: number }[] = []): boolean =>
    maps.length > 0 && maps.every(({ hostID }) => hostID !== 0);
  return without(linux.uidMappings) && without(linux.gidMappings);
}

/** The kinds of namespaces that it is in, new or joined. */
export function holdNamespaces(
  policy: EnginePolicy,
  facts: EngineFacts,
  config: EngineConfig,
  report: Report,
): string[] {
  const { namespaces = [] } = config.linux ?? {};
  const find = (type: string) => namespaces.find((ns) => ns.type === type);
  const at = '/linux/namespaces';
  for (const [type, file] of KINDS) {
    const found = find(type);
    if (found !== undefined && (!found.path || !facts.isOwnNamespace(found.path, file))) continue;
    if (policy.hostNamespaces.includes(type)) continue;
    report.refuse('engines.hostNamespaces', at, `the ${type} namespace is the host's`);
  }
  const mounts = find('mount');
  if (mounts === undefined || mounts.path)
    report.refuse('engines.hostNamespaces', at, 'the mount namespace is not one of its own');
  const group = find('cgroup');
  const hosts = group?.path ? facts.isOwnNamespace(group.path, 'cgroup') : group === undefined;
  const held = namespaces.map(({ type }) => type).filter((type) => type !== 'cgroup' || !hosts);
  if (hosts) {
    held.push('cgroup');
    report.tighten('cgroup', at, 'a cgroup namespace of its own');
  }
  if (policy.user.namespace === 'off' || protectsRoot(facts, config)) return held;
  if (policy.user.namespace === 'required')
    report.refuse(
      'engines.userNamespace',
      at,
      'root in the container would be root of the host: it has no user namespace of its own',
    );
  else report.tighten('engines.userNamespace', at, 'wished for, and not there');
  return held;
}
