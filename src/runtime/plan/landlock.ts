// SPDX-License-Identifier: Apache-2.0
// Landlock: read and execute everywhere, write where something writable was declared. Writes beneath /proc are
// granted nowhere: what the kernel allows a process to change about itself there is not what it was planned to be.
import type { Level, Sourced } from '../../policies/index.ts';
import {
  DEVICE_NODES,
  deviceRights,
  type FsScope,
  handledRights,
  LANDLOCK_ABI,
  LANDLOCK_NET,
  LANDLOCK_SCOPES,
  READ_RIGHTS,
  requiredAbi,
  writableDirectoryRights,
} from '../../profiles/landlock/index.ts';
import type { Context } from './context.ts';
import { writableDestinations } from './mounts.ts';
import { exposedPorts } from './publish.ts';
import type { CapabilitySets, LandlockSpec, Mount, NetworkSpec } from './spec.ts';

type Part = keyof typeof LANDLOCK_ABI;

const LINUX = { files: '5.19', ports: '6.7', ioctl: '6.10', scopes: '6.12' } as const;
const INSTEAD: Readonly<Record<Part, string>> = {
  files: 'read-only root, mount flags and the user namespace',
  ports: 'the network namespace, which is attached to nothing',
  ioctl: 'the device control group',
  scopes: 'the pid and network namespaces',
};

function wanted(
  { host, reasons }: Context,
  part: Part,
  { value: level, by }: Sourced<Level>,
  decision: string,
  why: string,
  instead: string = INSTEAD[part],
): boolean {
  const control = `landlock-${part}`;
  if (level === 'off') {
    reasons.add({
      control,
      decision: 'off',
      by,
      why: 'the policy does not ask for it',
      required: false,
      status: 'off',
    });
    return false;
  }
  const has = host.landlockAbi === 0 ? 'none' : `ABI ${host.landlockAbi}`;
  return reasons.offer({
    control,
    decision,
    by,
    why,
    required: level === 'required',
    available: host.landlockAbi >= LANDLOCK_ABI[part],
    lacks: `it needs Landlock ABI ${LANDLOCK_ABI[part]} (Linux ${LINUX[part]}) and this kernel has ${has}`,
    hint: 'boot a kernel with Landlock enabled (lsm=landlock,…), or use a policy that only wishes for it',
    ...(host.landlockAbi >= LANDLOCK_ABI[part] ? {} : { compensatedBy: instead }),
  });
}

interface FsInput {
  readonly scope: FsScope;
  readonly mounts: readonly Mount[];
  readonly rootWritable: boolean;
  readonly deviceNodes: boolean;
  readonly tty: boolean;
}

function fileRules({ scope, mounts, rootWritable, deviceNodes, tty }: FsInput): LandlockSpec['pathBeneath'] {
  const write = writableDirectoryRights(scope, deviceNodes);
  const writable = writableDestinations(mounts);
  const root = rootWritable ? ['execute', ...write] : READ_RIGHTS;
  return [
    { parent: ['/'], allowedAccess: root, optional: false },
    ...(writable.length === 0 ? [] : [{ parent: writable, allowedAccess: write, optional: false }]),
    { parent: [...DEVICE_NODES], allowedAccess: deviceRights(scope, false), optional: false },
    { parent: ['/dev/pts'], allowedAccess: deviceRights(scope, true), optional: false },
    ...(tty ? [{ parent: ['/dev/console'], allowedAccess: deviceRights(scope, false), optional: true }] : []),
  ];
}

const BRIDGED = 'the table of the bridge: published ports in, declared ports out';

/**
 * Listening: what policy, workload and image declare (an image's word is enough, the container's network is its own).
 * Connecting: only what policy and workload declare, or an image could open its own way out.
 */
function portRules(context: Context, network: NetworkSpec | null): Pick<LandlockSpec, 'handledAccessNet' | 'netPort'> {
  const { ports, egress } = context.policy.run;
  const none = { handledAccessNet: [], netPort: [] };
  if (ports.value === 'any' && egress.value === 'any') {
    const why = 'the policy allows every port';
    context.reasons.add({
      control: 'landlock-ports',
      decision: 'off',
      by: ports.by,
      why,
      required: false,
      status: 'off',
    });
    return none;
  }
  const tcp = ({ protocol }: { protocol: string }): boolean => protocol === 'tcp';
  const declared = exposedPorts(context.image.config.exposedPorts)
    .filter(tcp)
    .map(({ port }) => port);
  const published = (network?.ports ?? []).filter(tcp).map(({ containerPort }) => containerPort);
  const listen =
    ports.value === 'any' ? 'any' : [...new Set([...ports.value, ...declared, ...published])].sort((a, b) => a - b);
  const show = (list: 'any' | readonly number[]): string => (list === 'any' ? 'any' : list.join(' ') || 'none');
  const decision = `listen: ${show(listen)}; connect: ${show(egress.value)}`;
  const level = context.policy.run['landlock.ports'];
  const instead = network === null ? INSTEAD.ports : BRIDGED;
  if (!wanted(context, 'ports', level, decision, 'TCP only by declared ports', instead)) return none;
  const rule = (access: string, list: 'any' | readonly number[]) =>
    list === 'any' || list.length === 0 ? [] : [{ port: [...list], allowedAccess: [access] }];
  return {
    handledAccessNet: LANDLOCK_NET.filter((access) => (access === 'bind_tcp' ? listen : egress.value) !== 'any'),
    netPort: [...rule('bind_tcp', listen), ...rule('connect_tcp', egress.value)],
  };
}

/** The ruleset, made for exactly this host's ABI; null when there is nothing to confine. @throws SecureError CONTROL_UNAVAILABLE */
export function planLandlock(
  context: Context,
  mounts: readonly Mount[],
  rootWritable: boolean,
  capabilities: CapabilitySets,
  network: NetworkSpec | null,
): LandlockSpec | null {
  const { policy, host, request } = context;
  const { run } = policy;
  const files = wanted(
    context,
    'files',
    run['landlock.files'],
    'writes only to declared paths',
    'the kernel refuses other writes whoever asks',
  );
  const ioctl = wanted(
    context,
    'ioctl',
    run['landlock.ioctl'],
    'only on terminals and the standard devices',
    'no driver is reached through a device node',
  );
  const net = portRules(context, network);
  const scopes = wanted(
    context,
    'scopes',
    run['landlock.scopes'],
    LANDLOCK_SCOPES.join(' '),
    'no signals and abstract sockets to the outside',
  );
  const scoped = scopes ? LANDLOCK_SCOPES : [];
  const scope = { abi: host.landlockAbi, ioctl };
  const handled = handledRights(scope).filter((name) => (name === 'ioctl_dev' ? ioctl : files));
  if (handled.length === 0 && net.handledAccessNet.length === 0 && scoped.length === 0) return null;
  const deviceNodes = capabilities.bounding.includes('CAP_MKNOD');
  return {
    minAbi: requiredAbi(handled, net.handledAccessNet.length > 0, scopes),
    handledAccessFs: handled,
    // A rule may only grant what is handled; one that grants nothing is an error to the kernel.
    pathBeneath: fileRules({ scope, mounts, rootWritable, deviceNodes, tty: request.tty })
      .map((rule) => ({ ...rule, allowedAccess: rule.allowedAccess.filter((name) => handled.includes(name)) }))
      .filter((rule) => rule.allowedAccess.length > 0),
    ...net,
    scoped: [...scoped],
  };
}
