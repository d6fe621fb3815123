// SPDX-License-Identifier: Apache-2.0
// What secure-runtime makes of a config.json under a compiled policy, decided without it: for reviews, and to be compared with (native/core/policy.h
// enforces the same).
import {
  type EngineConfig,
  type EngineDecision,
  type EngineFacts,
  type EngineMount,
  type HeldConfig,
  Report,
} from './config.ts';
import { holdDevices } from './devices.ts';
import { holdLandlock } from './landlock.ts';
import { holdLimits } from './limits.ts';
import { holdMounts, writableMounts } from './mounts.ts';
import { holdNamespaces } from './namespaces.ts';
import { holdOomScore, holdProcess } from './process.ts';
import type { EnginePolicy } from './types.ts';

/** Annotations that our runtime acts on and that engines need; others of these families reach beyond the container. */
const ACTING = ['run.oci.', 'org.systemd.property.', 'org.criu.'];
const KEPT = [
  'run.oci.systemd.subgroup',
  'run.oci.seccomp_fail_unknown_syscall',
  'org.systemd.property.CollectMode',
  'org.systemd.property.TimeoutStopUSec',
];
const FILTER_INSTRUCTION = 8;

function added(control: string, given: readonly string[], wanted: readonly string[], report: Report): string[] {
  const missing = wanted.filter((path) => !given.includes(path));
  if (missing.length > 0) report.tighten(control, `/linux/${control}`, `${missing.length} more`);
  return [...given, ...missing];
}

function holdAnnotations(config: EngineConfig, report: Report): string[] {
  const names = Object.keys(config.annotations ?? {});
  const acts = (name: string): boolean => ACTING.some((prefix) => name.startsWith(prefix)) && !KEPT.includes(name);
  for (const name of names.filter(acts)) report.tighten('annotations', `/annotations/${name}`, 'left out');
  return names.filter((name) => !acts(name));
}

/** Instructions of the filter, as `struct sock_filter[]`. */
const filterLength = ({ filter }: EnginePolicy): number =>
  filter === null ? 0 : Buffer.from(filter, 'base64').length / FILTER_INSTRUCTION;

/** @param config one that secure-runtime reads without an error */
export function decideEngine(policy: EnginePolicy, facts: EngineFacts, config: EngineConfig): EngineDecision {
  const report = new Report(policy.origins);
  const linux = config.linux ?? {};
  const namespaces = holdNamespaces(policy, facts, config, report);
  const { mounts: held, rootfsPropagation } = holdMounts(policy, facts, config, report);
  const devices = holdDevices(policy, facts, linux, report);
  for (const name of Object.keys(linux.netDevices ?? {}))
    report.refuse(
      'engines.hostNamespaces',
      '/linux/netDevices',
      `the network device ${name} of the host is moved into it`,
    );
  const maskedPaths = added('maskedPaths', linux.maskedPaths ?? [], policy.maskedPaths, report);
  const readonlyPaths = added('readonlyPaths', linux.readonlyPaths ?? [], policy.readonlyPaths, report);
  let mounts: readonly Required<EngineMount>[] = held;
  let readonly = config.root?.readonly === true;
  if (policy.root.readOnly && !readonly) {
    readonly = true;
    report.tighten('engines.readOnly', '/root/readonly', 'true');
    mounts = [...held, ...writableMounts(policy, config, held)];
  }
  const limits = holdLimits(policy, linux.resources ?? {}, '/linux/resources', report);
  const annotations = holdAnnotations(config, report);
  const process: HeldConfig['process'] =
    config.process === undefined
      ? {
          capabilities: { bounding: [], effective: [], inheritable: [], permitted: [], ambient: [] },
          noNewPrivileges: false,
          rlimits: [],
        }
      : {
          ...holdProcess(policy, facts, config.process, '/process', report),
          ...holdOomScore(policy, facts, config, report),
        };
  const filter = filterLength(policy);
  if (filter > 0)
    report.tighten(
      'seccomp.profile',
      '/linux/seccomp',
      linux.seccomp === undefined ? 'the filter of the policy' : 'and the filter of the policy',
    );
  const terminal = config.process?.terminal === true;
  const nodes = (linux.devices ?? []).map(({ path }) => path);
  const made = { abi: facts.landlockAbi, readOnly: readonly, terminal, mounts, devices: nodes };
  const landlock = holdLandlock(policy, made, report);
  if (landlock !== null) report.tighten('landlock', '', 'of the policy');
  const { refused, tightened } = report;
  if (refused.length > 0) return { refused, tightened };
  return {
    refused,
    tightened,
    config: {
      process,
      readonly,
      namespaces,
      mounts,
      maskedPaths,
      readonlyPaths,
      annotations,
      rootfsPropagation,
      resources: { devices, ...limits },
      filter,
      landlock,
    },
  };
}
