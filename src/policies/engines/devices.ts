// SPDX-License-Identifier: Apache-2.0
import type { DeviceRule } from '../../profiles/devices/index.ts';
import { pathWithin } from '../lattice.ts';
import type { EngineConfig, EngineFacts, Report } from './config.ts';
import type { EnginePolicy } from './types.ts';

/** Normal form: -1 and absent are any number, `u` is `c`, what is not said is everything. */
function normal({ allow, type = 'a', major = -1, minor = -1, access = 'rwm' }: DeviceRule): DeviceRule {
  return {
    allow,
    type: (type as string) === 'u' ? 'c' : type,
    ...(major < 0 ? {} : { major }),
    ...(minor < 0 ? {} : { minor }),
    access,
  };
}

/** Does one of the rules let a container do all that `rule` does? */
const covered = (rules: readonly DeviceRule[], rule: DeviceRule): boolean =>
  rules.some(
    ({ allow, type, major, minor, access }) =>
      allow &&
      type === rule.type &&
      (major === undefined || major === rule.major) &&
      (minor === undefined || minor === rule.minor) &&
      [...rule.access].every((letter) => access.includes(letter)),
  );

const text = ({ type, major, minor }: DeviceRule): string => `${type} ${major ?? '*'}:${minor ?? '*'}`;

/** The rules of the device controller, and no device of the host that the policy does not name. */
export function holdDevices(
  policy: EnginePolicy,
  facts: EngineFacts,
  linux: NonNullable<EngineConfig['linux']>,
  report: Report,
): DeviceRule[] {
  const { allowed: names, usual, rules } = policy.devices;
  // By its number, and not by what the container is to call it.
  const allowed = (type: string, major: number, minor: number): boolean => {
    const name = names.length === 0 ? undefined : facts.deviceName(type, major, minor);
    return name !== undefined && names.some((pattern) => pathWithin(pattern, `/dev/${name}`));
  };
  for (const [i, { path, type, major = 0, minor = 0 }] of (linux.devices ?? []).entries()) {
    if (type === 'p') continue;
    const rule = normal({ allow: true, type: type as 'b' | 'c', major, minor, access: 'rw' });
    if (covered(usual, rule) || allowed(rule.type ?? '', major, minor)) continue;
    report.refuse('engines.devices', `/linux/devices/${i}`, `${path} is device ${text(rule)} of the host`);
  }
  const granted: DeviceRule[] = [];
  for (const [i, given] of (linux.resources?.devices ?? []).entries()) {
    const rule = normal(given);
    if (!rule.allow || covered(usual, rule)) continue;
    const { type = 'a', major, minor } = rule;
    if (type !== 'a' && major !== undefined && minor !== undefined && allowed(type, major, minor)) granted.push(rule);
    else {
      const what = `devices ${text(rule)} ${rule.access} could be opened`;
      report.refuse('engines.devices', `/linux/resources/devices/${i}`, what);
    }
  }
  return [...rules.map(normal), ...granted];
}
