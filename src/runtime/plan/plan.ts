// SPDX-License-Identifier: Apache-2.0
// From a request to a plan. Pure: the same input gives the same plan, byte for byte.
import { findWorkload, grantWorkload } from '../../policies/index.ts';
import { PRODUCT_VERSION } from '../../version.ts';
import { planCapabilities } from './capabilities.ts';
import { planArgs, planCwd } from './command.ts';
import type { Context, PlanInput } from './context.ts';
import { planEnv } from './env.ts';
import { mountSlots, type PlannedFiles, planFiles } from './files.ts';
import { checkImage } from './image.ts';
import { planLandlock } from './landlock.ts';
import { type PlannedLsm, planLsm } from './lsm.ts';
import { planMasks } from './masks.ts';
import { planHostname, planMonitor, planName } from './monitor.ts';
import { planMounts, planReadOnly } from './mounts.ts';
import { planNamespaces, planUserNamespace, RANGE_MAPPING, SYSCTL } from './namespaces.ts';
import { checkHostDevices, planNetwork } from './network.ts';
import { readSecurityOptions, refusePrivileged } from './options.ts';
import { Reasons } from './reasons.ts';
import { planResources } from './resources.ts';
import { planRlimits } from './rlimits.ts';
import { planSeccomp } from './seccomp.ts';
import { planSlots } from './slots.ts';
import type { LinuxSpec, Plan, ProcessSpec, SecureExtension } from './spec.ts';
import { planUser } from './user.ts';

export type { PlanInput } from './context.ts';
export { explainReasons } from './reasons.ts';
export type { Plan } from './spec.ts';

/** The policy with what the image's workload needs, granted within the ceilings. @throws SecureError CEILING_EXCEEDED */
function contextOf(input: PlanInput): Context {
  const reasons = new Reasons();
  const workload = findWorkload(input.policy, input.image.reference);
  if (workload === undefined) return { ...input, reasons, workload };
  const policy = grantWorkload(input.policy, workload);
  reasons.add({
    control: 'workload',
    decision: workload.match.join(' '),
    by: workload.by,
    why: `names ${input.image.reference}`,
    required: false,
  });
  return { ...input, policy, reasons, workload };
}

interface Parts {
  readonly process: ProcessSpec;
  readonly linux: LinuxSpec;
  readonly userNamespace: boolean;
  readonly landlock: SecureExtension['landlock'];
  readonly lsm: PlannedLsm;
  readonly hostnameSlot: number | undefined;
  readonly network: SecureExtension['network'];
  readonly files: PlannedFiles;
  readonly mounts: Plan['mounts'];
  readonly readOnly: boolean;
}

/** Every decision, in the order in which `reasons` tells them. */
function decide(context: Context): Parts {
  const { request, policy, reasons } = context;
  refusePrivileged(context);
  checkImage(context);
  const options = readSecurityOptions(context);
  const args = planArgs(context);
  const userNamespace = planUserNamespace(context);
  const user = planUser(context);
  const capabilities = planCapabilities(context, user);
  const { value: fixed, by } = policy.run.noNewPrivileges;
  const nnp = options.noNewPrivileges;
  const why = nnp ? 'set-id programs and file capabilities give nothing' : 'the policy leaves it to the request';
  reasons.add({
    control: 'no-new-privileges',
    decision: String(nnp),
    by,
    why,
    required: fixed,
    status: nnp ? 'enforced' : 'off',
  });
  const seccomp = planSeccomp(context, options, capabilities);
  const readOnly = planReadOnly(context);
  const network = planNetwork(context);
  checkHostDevices(network, userNamespace, capabilities.bounding);
  const files = planFiles(context, network, userNamespace);
  const mounts = planMounts(context, user, readOnly, userNamespace, files.mounts);
  const landlock = planLandlock(context, mounts, !readOnly, capabilities, network);
  const lsm = planLsm(context, options, { readOnly, mounts, capabilities });
  const namespaces = planNamespaces(context, userNamespace);
  const resources = planResources(context, capabilities);
  const rlimits = planRlimits(context);
  const masks = planMasks(context);
  const { env, hostnameSlot } = planEnv(context, user.home);
  return {
    process: {
      terminal: request.tty,
      user: { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids },
      args,
      env,
      cwd: planCwd(context),
      capabilities,
      rlimits,
      noNewPrivileges: nnp,
      ...(lsm.apparmor === undefined ? {} : { apparmorProfile: lsm.apparmor.name }),
      ...(lsm.selinux === undefined ? {} : { selinuxLabel: '' }),
    },
    linux: {
      namespaces,
      ...(userNamespace ? { uidMappings: [RANGE_MAPPING], gidMappings: [RANGE_MAPPING] } : {}),
      cgroupsPath: '',
      resources,
      sysctl: SYSCTL,
      ...(seccomp === undefined ? {} : { seccomp }),
      ...masks,
      rootfsPropagation: 'private',
      ...(lsm.selinux === undefined ? {} : { mountLabel: '' }),
    },
    userNamespace,
    landlock,
    lsm,
    hostnameSlot,
    network,
    files,
    mounts,
    readOnly,
  };
}

/** Every grant is told by itself too: decisions name the line of one control, and may be made of several. */
function tellGrants({ policy, reasons }: Context): void {
  for (const { control, shown, by } of policy.grants) {
    const why = 'looser than what the policies below give, and within their ceilings';
    reasons.add({ control: `grant ${control}`, decision: shown, by, why, required: false });
  }
}

/**
 * Decide everything about one container.
 * @throws SecureError POLICY_DENIED, CEILING_EXCEEDED, PRIVILEGED_REFUSED, CONTROL_UNAVAILABLE, IMAGE_UNTRUSTED,
 *   PLATFORM_MISSING, MOUNT_REFUSED, USER_INVALID, USER_NOT_FOUND, NO_COMMAND, INVALID_VALUE, CONFIG_CORRUPT
 */
export function createPlan(input: PlanInput): Plan {
  const context = contextOf(input);
  const { image, policy, roots, reasons } = context;
  const parts = decide(context);
  tellGrants(context);
  const hostname = planHostname(context);
  const name = planName(context);
  const open = {
    userNamespace: parts.userNamespace,
    hostname: hostname === '',
    hostnameEnv: parts.hostnameSlot,
    name: name === null,
    network: parts.network,
    selinux: parts.lsm.selinux,
    files: [...parts.files.slots, ...mountSlots(parts.mounts, parts.files)],
  };
  return {
    ociVersion: '1.3.0',
    process: parts.process,
    root: { path: 'rootfs', readonly: parts.readOnly },
    hostname,
    mounts: parts.mounts,
    annotations: { 'org.opencontainers.image.created': '' },
    linux: parts.linux,
    secure: {
      schemaVersion: 1,
      product: PRODUCT_VERSION,
      profile: policy.name,
      name,
      stateRoot: roots.state,
      runRoot: roots.run,
      image: {
        reference: image.reference,
        digest: image.digest,
        configDigest: image.configDigest,
        origin: image.origin,
      },
      layers: image.layers.map(({ diffId, path }) => ({ diffId, path })),
      range: parts.userNamespace ? { size: RANGE_MAPPING.size } : null,
      upperDir: '',
      workDir: '',
      logPath: '',
      landlock: parts.landlock,
      ...(parts.lsm.apparmor?.text === undefined ? {} : { apparmor: parts.lsm.apparmor.text }),
      network: parts.network,
      files: parts.files.files,
      monitor: planMonitor(context),
      slots: planSlots(open),
      inputs: input.inputs,
      reasons: reasons.list,
    },
  };
}
