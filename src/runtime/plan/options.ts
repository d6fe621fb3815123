// SPDX-License-Identifier: Apache-2.0
// --privileged and --security-opt: what they may ask for is only ever more protection.
import { SecureError } from '../../errors.ts';
import type { SeccompLevel } from '../../policies/index.ts';
import { type Context, denied, invalid } from './context.ts';

export interface SecurityOptions {
  readonly noNewPrivileges: boolean;
  /** A tighter filter than the policy's. */
  readonly seccomp?: SeccompLevel;
  readonly apparmor?: string;
}

const LEVELS: readonly string[] = ['baseline', 'default', 'strict'];

/** @throws SecureError PRIVILEGED_REFUSED */
export function refusePrivileged({ request }: Context): void {
  if (!request.privileged) return;
  throw new SecureError(
    'PRIVILEGED_REFUSED',
    '--privileged takes away every control and gives the host to the container',
    {
      hint: 'ask for what is needed: --cap-add CAPABILITY, -v SOURCE:DESTINATION:rw, --tmpfs DESTINATION, --profile baseline, or seccomp.allow in a policy',
    },
  );
}

function readNoNewPrivileges(context: Context, value: string | undefined): boolean {
  if (value === undefined || value === 'true') return true;
  if (value !== 'false') throw invalid('--security-opt no-new-privileges', value, 'true or false');
  const { value: fixed, by } = context.policy.run.noNewPrivileges;
  if (fixed)
    throw denied(
      '--security-opt no-new-privileges=false',
      by,
      'give the program what it needs instead of a set-id file: --user, --cap-add',
    );
  return false;
}

function readSeccomp({ policy }: Context, value: string | undefined): SeccompLevel {
  const { value: floor, by } = policy.run['seccomp.profile'];
  if (value !== undefined && LEVELS.includes(value)) {
    if (LEVELS.indexOf(value) < LEVELS.indexOf(floor))
      throw denied(`--security-opt seccomp=${value}`, by, `${floor} or tighter`);
    return value as SeccompLevel;
  }
  if (value === 'unconfined')
    throw denied(
      '--security-opt seccomp=unconfined',
      by,
      'allow a feature group instead: seccomp: { allow: [debug] } in a policy',
    );
  throw invalid(
    '--security-opt seccomp',
    value ?? '',
    `one of ${LEVELS.join(', ')}: files of system calls are not read by this version`,
  );
}

function readAppArmor({ policy, host }: Context, value: string | undefined): string {
  const { by } = policy.run.lsm;
  if (value === 'unconfined')
    throw denied('--security-opt apparmor=unconfined', by, 'name a profile that is loaded on this host');
  if (value === undefined || !/^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,127}$/.test(value))
    throw invalid('--security-opt apparmor', value ?? '', 'the name of a loaded profile');
  if (host.appArmorEnforcing) return value;
  throw new SecureError(
    'CONTROL_UNAVAILABLE',
    `--security-opt apparmor=${value}: this host does not enforce AppArmor`,
    {
      hint: 'leave it out; Landlock confines files here',
    },
  );
}

/** Docker's spellings, with `=` or `:`. @throws SecureError POLICY_DENIED, INVALID_VALUE, CONTROL_UNAVAILABLE */
export function readSecurityOptions(context: Context): SecurityOptions {
  let options: SecurityOptions = { noNewPrivileges: context.policy.run.noNewPrivileges.value };
  for (const option of context.request.securityOpt) {
    const [, key = '', value] = /^([a-z-]*)(?:[=:](.*))?$/s.exec(option) ?? [];
    if (key === 'no-new-privileges') options = { ...options, noNewPrivileges: readNoNewPrivileges(context, value) };
    else if (key === 'seccomp') options = { ...options, seccomp: readSeccomp(context, value) };
    else if (key === 'apparmor') options = { ...options, apparmor: readAppArmor(context, value) };
    else if (key === 'label' || key === 'systempaths' || key === 'unmask') {
      const { by } = context.policy.run[key === 'label' ? 'lsm' : 'maskedPaths'];
      throw denied(`--security-opt ${option}`, by, 'a request never loosens: leave it out');
    } else throw invalid('--security-opt', option, 'one of no-new-privileges, seccomp=LEVEL, apparmor=PROFILE');
  }
  return options;
}
