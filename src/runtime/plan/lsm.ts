// SPDX-License-Identifier: Apache-2.0
// AppArmor or SELinux, whichever the host enforces: a profile that is made for this plan, or a domain for containers with categories
// of the container's own.
import { type AppArmorProfile, appArmorProfile } from '../../profiles/apparmor/index.ts';
import type { Context } from './context.ts';
import { maskLists } from './masks.ts';
import { writableDestinations } from './mounts.ts';
import type { SecurityOptions } from './options.ts';
import type { CapabilitySets, Mount } from './spec.ts';

export interface PlannedLsm {
  readonly apparmor?: { readonly name: string; readonly text?: string };
  /** SELinux domain and type of the container's files. */
  readonly selinux?: { readonly domain: string; readonly fileType: string };
}

interface LsmInput {
  readonly readOnly: boolean;
  readonly mounts: readonly Mount[];
  readonly capabilities: CapabilitySets;
}

/** `container_t` has files of `container_file_t`; a domain of ours, `NAME.process`, has files of `NAME.file`. */
function fileType(domain: string): string {
  return domain.endsWith('.process') ? domain.replace(/process$/, 'file') : domain.replace(/_t$/, '_file_t');
}

function generated(context: Context, { readOnly, mounts, capabilities }: LsmInput): AppArmorProfile {
  return appArmorProfile({
    readOnlyRoot: readOnly,
    writable: writableDestinations(mounts),
    capabilities: capabilities.bounding,
    ...maskLists(context),
    mqueue: context.host.appArmorMqueue,
  });
}

/** What would make it available, by what is missing. */
function missing({ host }: Context): { lacks: string; hint: string } {
  const wish = 'use a policy that only wishes for it: run: { lsm: wished }';
  if (host.appArmorEnforcing)
    return {
      lacks: 'AppArmor is enforced here, and apparmor_parser is not installed',
      hint: `install the package apparmor; or name a profile that is loaded: --security-opt apparmor=docker-default; or ${wish}`,
    };
  if (host.seLinuxEnforcing)
    return {
      lacks: 'SELinux is enforced here, and its policy has no domain for containers',
      hint: `install the package container-selinux, or the module of docs/selinux.md; or ${wish}`,
    };
  return { lacks: 'this host enforces neither AppArmor nor SELinux', hint: wish };
}

/** @throws SecureError CONTROL_UNAVAILABLE */
export function planLsm(context: Context, { apparmor }: SecurityOptions, input: LsmInput): PlannedLsm {
  const { policy, host, reasons } = context;
  const { value: level, by } = policy.run.lsm;
  const control = 'lsm';
  const required = level !== 'wished' && level !== 'off';
  if (apparmor !== undefined) {
    reasons.add({ control, decision: `AppArmor ${apparmor}`, by, why: 'named by the request', required });
    return { apparmor: { name: apparmor } };
  }
  if (level === 'off') {
    const why = 'the policy does not ask for it';
    reasons.add({ control, decision: 'off', by, why, required, status: 'off' });
    return {};
  }
  if (host.appArmorEnforcing && host.appArmorParser !== '') {
    const profile = generated(context, input);
    reasons.add({ control, decision: `AppArmor ${profile.name}`, by, why: 'made for this plan', required });
    return { apparmor: profile };
  }
  if (host.seLinuxEnforcing && host.seLinuxDomain !== '') {
    const why = 'with categories of its own';
    reasons.add({ control, decision: `SELinux ${host.seLinuxDomain}`, by, why, required });
    return { selinux: { domain: host.seLinuxDomain, fileType: fileType(host.seLinuxDomain) } };
  }
  const landlock = policy.run['landlock.files'].value !== 'off' && host.landlockAbi > 0;
  const enforced = host.appArmorEnforcing || host.seLinuxEnforcing;
  reasons.offer({
    control,
    decision: 'none',
    by,
    why: 'no profile for the container',
    available: false,
    required: level === 'required' || (level === 'required-where-enforced' && enforced),
    ...missing(context),
    ...(landlock ? { compensatedBy: 'Landlock' } : {}),
  });
  return {};
}
