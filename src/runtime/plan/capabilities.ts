// SPDX-License-Identifier: Apache-2.0
import { SecureError } from '../../errors.ts';
import {
  capabilityName,
  capabilityNumber,
  ociCapabilities,
  sortCapabilities,
  suggestCapability,
} from '../../profiles/capabilities/index.ts';
import { type Context, denied } from './context.ts';
import type { CapabilitySets } from './spec.ts';
import type { PlannedUser } from './user.ts';

function read(flag: string, typed: string): string {
  if (typed.toUpperCase() === 'ALL') return 'ALL';
  const name = capabilityName(typed);
  if (name !== undefined) return name;
  const near = suggestCapability(typed);
  throw new SecureError('INVALID_VALUE', `${flag}: there is no capability ${JSON.stringify(typed)}`, {
    hint: near === undefined ? 'capabilities(7) lists them' : `did you mean ${near}?`,
  });
}

/** The set that root inside may use: the policy's, less what is dropped; what is added must be in the policy's. */
function granted({ request, policy, host }: Context): string[] {
  const { value, by } = policy.run.capabilities;
  const allowed = value.filter((name) => capabilityNumber(name) <= host.lastCap);
  const drops = request.capDrop.map((name) => read('--cap-drop', name));
  const adds = request.capAdd.map((name) => read('--cap-add', name));
  for (const name of adds) {
    if (name === 'ALL' ? allowed.length === host.lastCap + 1 : allowed.includes(name)) continue;
    const ceiling = policy.ceilings.capabilities?.value ?? [];
    const hint = ceiling.includes(name)
      ? `a policy that extends this one, or a workload in it, may grant it: capabilities: [${name}]`
      : 'a request never loosens: use a policy that grants it';
    throw denied(`--cap-add ${name}`, by, hint);
  }
  const kept = drops.includes('ALL') ? [] : allowed.filter((name) => !drops.includes(name));
  return sortCapabilities([...kept, ...(adds.includes('ALL') ? allowed : adds)]);
}

/**
 * The five sets. Inheritable and ambient stay empty (CVE-2022-24769 class). Somebody other than root has no capability in
 * use; the bounding set still says what root could ever have here, for a later `exec` as root.
 * @throws SecureError POLICY_DENIED, INVALID_VALUE
 */
export function planCapabilities(context: Context, user: PlannedUser): CapabilitySets {
  const names = granted(context);
  const { by } = context.policy.run.capabilities;
  const bounding = ociCapabilities(names);
  const used = user.uid === 0 ? bounding : [];
  const decision = used.length === 0 ? 'none' : names.join(' ');
  const bounds = bounding.length === 0 ? '' : `; root inside could have ${names.join(' ')}`;
  const why = user.uid === 0 ? 'what the policy gives root inside' : `the user is not root${bounds}`;
  context.reasons.add({ control: 'capabilities', decision, by, why });
  return { bounding, effective: used, inheritable: [], permitted: used, ambient: [] };
}
