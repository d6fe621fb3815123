// SPDX-License-Identifier: Apache-2.0
// An engine that is not asked, by its configuration and the bundles of its containers.
import type { ContainerFacts } from '../container.ts';
import { engineSubject } from '../engine.ts';
import type { TaskEngine } from './tasks.ts';
import type { EngineFacts } from './types.ts';

type Json = Readonly<Record<string, unknown>>;

export interface ConfigFile {
  readonly path: string;
  readonly value: Json;
}

/** Values of a key anywhere below a table: settings lie in other places in each version. */
function valuesOf(key: string, node: unknown): unknown[] {
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([name, value]) => [
    ...(name === key ? [value as unknown] : []),
    ...valuesOf(key, value),
  ]);
}

/** Registries whose certificate containerd does not look at. */
function unverified(node: unknown): string[] {
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([name, value]) => {
    const tls = (value as { tls?: { insecure_skip_verify?: unknown } } | null)?.tls;
    return [...(tls?.insecure_skip_verify === true ? [name] : []), ...unverified(value)];
  });
}

/**
 * @param files its configuration, in the order in which it reads them
 * @param problem why the configuration or the bundles cannot be read; null: they can
 */
export function configuredEngine(
  engine: TaskEngine,
  files: readonly ConfigFile[],
  containers: readonly ContainerFacts[],
  problem: string | null,
): EngineFacts {
  const { facts } = engineSubject(engine, files) as unknown as {
    facts: { seccompProfile: string; selinux: boolean | null; insecureRegistries: string[]; config: Json };
  };
  const unset = valuesOf('unset_seccomp_profile', facts.config).find((value) => typeof value === 'string');
  // Of a pod that names none: CRI-O has a filter of its own, containerd takes what stands here, and else none.
  const seccomp = engine === 'crio' ? facts.seccompProfile || 'default' : String(unset ?? '');
  const notAsked = `${engine} is not asked: it says it over gRPC alone`;
  return {
    ...{ engine, user: null, contradictions: [], socket: null, collected: new Date().toISOString() },
    problems: { images: notAsked, ...(problem === null ? {} : { info: problem, containers: problem }) },
    info:
      problem !== null
        ? null
        : {
            ...{
              version: '',
              rootless: false,
              userNamespaces: false,
              seccomp,
              appArmor: false,
              seLinux: facts.selinux === true,
            },
            ...{ storageDriver: '', loggingDriver: '', root: '', authorization: [] },
            limits: ['memory', 'pids', 'cpu'],
            insecureRegistries: [...new Set([...facts.insecureRegistries, ...unverified(facts.config)])],
          },
    containers: problem === null ? containers.map(({ id, name, running }) => ({ id, name, running, image: '' })) : null,
    images: null,
    networks: [],
    swarm: { active: false, manager: null, addresses: null },
  };
}
