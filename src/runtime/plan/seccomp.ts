// SPDX-License-Identifier: Apache-2.0
import { isFeatureGroup, type OciSeccomp, seccompProfile } from '../../profiles/seccomp/index.ts';
import type { Context } from './context.ts';
import type { SecurityOptions } from './options.ts';
import type { CapabilitySets } from './spec.ts';

/** The filter; undefined where the policy only wishes for one that the kernel cannot load. @throws SecureError CONTROL_UNAVAILABLE */
export function planSeccomp(
  context: Context,
  options: SecurityOptions,
  capabilities: CapabilitySets,
): OciSeccomp | undefined {
  const { policy, host, reasons } = context;
  const { run } = policy;
  const enforcement = run['seccomp.enforcement'];
  const asked = options.seccomp !== undefined;
  if (enforcement.value === 'off' && !asked) {
    reasons.add({
      control: 'seccomp',
      decision: 'off',
      by: enforcement.by,
      why: 'the policy does not ask for it',
      required: false,
      status: 'off',
    });
    return undefined;
  }
  const level = options.seccomp ?? run['seccomp.profile'].value;
  // A policy that names another group is refused when it is read.
  const allow = run['seccomp.allow'].value.filter(isFeatureGroup);
  const used = reasons.offer({
    control: 'seccomp',
    decision: [level, ...allow].join(' + '),
    by: run['seccomp.profile'].by,
    why: asked ? 'asked for by the request, no looser than the policy' : 'system calls that the policy allows',
    required: enforcement.value === 'required' || asked,
    available: host.seccomp,
    lacks: 'this kernel cannot filter system calls',
    hint: 'boot a kernel with CONFIG_SECCOMP_FILTER',
  });
  if (!used) return undefined;
  return seccompProfile(level, { allow, capabilities: [...capabilities.bounding], architecture: host.architecture });
}
