// SPDX-License-Identifier: Apache-2.0
import { ociCapabilities } from '../../profiles/capabilities/index.ts';
import type { CapabilitySetName, EngineConfig, EngineFacts, EngineProcess, HeldConfig, Report } from './config.ts';
import type { EnginePolicy } from './types.ts';

const SETS: readonly CapabilitySetName[] = ['bounding', 'effective', 'inheritable', 'permitted', 'ambient'];

/** Those of container-selinux; domains made for one container end in `.process` (udica, docs/selinux.md). */
const DOMAINS = [
  ...['container_t', 'container_init_t', 'container_kvm_t', 'container_userns_t'],
  ...['svirt_lxc_net_t', 'svirt_kvm_net_t'],
];

const sorted = (names: readonly string[]): string[] => ociCapabilities(names.map((name) => name.replace(/^CAP_/, '')));

function holdCapabilities(
  { capabilities: { allowed, usual } }: EnginePolicy,
  given: EngineProcess['capabilities'],
  at: string,
  report: Report,
): HeldConfig['process']['capabilities'] {
  const sets = Object.fromEntries(SETS.map((set) => [set, sorted(given?.[set] ?? [])])) as Record<
    CapabilitySetName,
    string[]
  >;
  if (given === undefined) {
    report.refuse('capabilities', at, 'nothing says which capabilities it is to have, which leaves it all of them');
    return sets;
  }
  const beyond = sorted(SETS.flatMap((set) => sets[set])).filter((name) => !allowed.includes(name));
  const unusual = beyond.filter((name) => !usual.includes(name));
  if (unusual.length > 0) report.refuse('capabilities', at, unusual.join(' '));
  else if (beyond.length > 0) report.tighten('capabilities', at, `without ${beyond.join(' ')}`);
  const held = (set: CapabilitySetName): string[] => sets[set].filter((name) => allowed.includes(name));
  return {
    bounding: held('bounding'),
    effective: held('effective'),
    inheritable: held('inheritable'),
    permitted: held('permitted'),
    ambient: held('ambient'),
  };
}

function holdLsm({ lsm }: EnginePolicy, facts: EngineFacts, process: EngineProcess, at: string, report: Report): void {
  if (lsm === 'off' || lsm === 'wished') return;
  const { apparmorProfile = '', selinuxLabel = '' } = process;
  if (!facts.appArmor && !facts.seLinux) {
    if (lsm === 'required') report.refuse('lsm', at, 'this host enforces neither AppArmor nor SELinux');
    return;
  }
  if (facts.appArmor && !facts.appArmorEnforces(apparmorProfile)) {
    report.refuse('lsm', `${at}/apparmorProfile`, 'it is not confined by AppArmor, which this host enforces');
    return;
  }
  const type = selinuxLabel.split(':')[2] ?? '';
  if (facts.seLinux && !type.endsWith('.process') && !DOMAINS.includes(type))
    report.refuse('lsm', `${at}/selinuxLabel`, 'it is not confined by SELinux, which this host enforces');
}

function holdRlimits(
  { rlimits }: EnginePolicy,
  facts: EngineFacts,
  given: EngineProcess['rlimits'],
  at: string,
  report: Report,
): HeldConfig['process']['rlimits'] {
  const held = [...(given ?? [])];
  for (const { type, soft, hard } of rlimits) {
    const i = held.findIndex((one) => one.type === type);
    const asked = held[i];
    if (asked === undefined) {
      // One that is not given is inherited, and can only be lowered.
      const most = Math.min(hard, facts.hardLimit(type));
      held.push({ type, soft: Math.min(soft, most), hard: most });
      report.tighten('rlimits', at, `${type} ${most}`);
    } else if (asked.hard > hard) {
      held[i] = { type, soft: Math.min(asked.soft, hard), hard };
      report.tighten('rlimits', at, `${type} ${hard}`);
    }
  }
  return held;
}

/** A kubelet gives -997 and more to pods whose memory is reserved, and -998 to what holds their namespaces. */
const KUBELET_LEAST = -998;
const OF_KUBELET = ['io.kubernetes.cri.container-type', 'io.kubernetes.cri-o.ContainerType'];

/** The score of a container's first process: what is spared for it is the host's. Left out, it is inherited. */
export function holdOomScore(
  { limits }: EnginePolicy,
  facts: EngineFacts,
  { process, annotations = {} }: EngineConfig,
  report: Report,
): { oomScoreAdj?: number } {
  const given = process?.oomScoreAdj;
  const least = OF_KUBELET.some((key) => key in annotations) ? KUBELET_LEAST : 0;
  if (limits.memory === null || (given ?? facts.oomScoreAdj) >= least)
    return given === undefined ? {} : { oomScoreAdj: given };
  report.tighten('memory', '/process/oomScoreAdj', String(least));
  return { oomScoreAdj: least };
}

/** The first process, or one of exec, as it is started. */
export function holdProcess(
  policy: EnginePolicy,
  facts: EngineFacts,
  process: EngineProcess,
  at: string,
  report: Report,
): HeldConfig['process'] {
  if (policy.user.nonRoot && (process.user?.uid ?? 0) === 0)
    report.refuse('user.nonRoot', `${at}/user/uid`, 'it would run as root');
  const capabilities = holdCapabilities(policy, process.capabilities, `${at}/capabilities`, report);
  holdLsm(policy, facts, process, at, report);
  const had = process.noNewPrivileges === true;
  if (policy.noNewPrivileges && !had) report.tighten('noNewPrivileges', `${at}/noNewPrivileges`, 'set');
  const rlimits = holdRlimits(policy, facts, process.rlimits, `${at}/rlimits`, report);
  return { capabilities, noNewPrivileges: had || policy.noNewPrivileges, rlimits };
}
