// SPDX-License-Identifier: Apache-2.0
import type { DeviceRule } from '../../facts/container/plan.ts';
import { quoted, unknown, verdict } from '../../verdicts.ts';
import { about, type ContainerCheck, needsProof, planned, STOPPED } from './shared/judge.ts';

/** null, zero, full, random, urandom; tty, console, ptmx; pseudo terminals (Documentation/admin-guide/devices.txt). */
const STANDARD: ReadonlySet<string> = new Set(['1:3', '1:5', '1:7', '1:8', '1:9', '5:0', '5:1', '5:2']);

/** The same by name, where an engine says no numbers. */
const STANDARD_PATHS = /^\/dev\/(?:null|zero|full|u?random|tty|ptmx)$/;

const name = ({ type, major, minor, access, path }: DeviceRule): string =>
  path === undefined ? `${type} ${major ?? '*'}:${minor ?? '*'} ${access}` : `${path} ${access}`;

function isStandard({ type, major, minor, access, path }: DeviceRule): boolean {
  if (path !== undefined) return STANDARD_PATHS.test(path);
  // To make a node is not to use it, and a node on a nodev mount is of no use.
  if (access === 'm') return true;
  return type === 'c' && (major === 136 || STANDARD.has(`${major}:${minor}`));
}

const DENIED: DeviceRule = { allow: false, type: 'a', major: null, minor: null, access: 'rwm' };

export default {
  id: 'SEC-CONTAINER-0013',
  title: 'It can use no device but the standard ones',
  severity: 'high',
  target: 'container',
  frameworks: ['CIS-Docker-1.6:5.18', 'NIST-800-190:4.4.3'],
  rationale:
    'A block device is every file of the host without its permissions; /dev/mem, /dev/kvm, /dev/fuse or a GPU is a driver that was not written for hostile callers.',
  remediation:
    "Make the container again without '--device', '--device-cgroup-rule' and '--privileged' that it does not need: null, zero, full, random, urandom, tty and terminals are there without. A bundle denies everything first in linux.resources.devices.",
  references: [
    'https://docs.kernel.org/admin-guide/cgroup-v2.html#device-controller',
    'https://docs.kernel.org/admin-guide/devices.html',
  ],
  examples: [
    { good: { proof: { devices: { inForce: true } } }, bad: { proof: { devices: { inForce: false } } } },
    {
      good: { plan: { devices: [DENIED] } },
      bad: {
        plan: {
          devices: [DENIED, { allow: true, type: 'b', major: 8, minor: 0, access: 'rw' }],
        },
      },
    },
    { good: { ...STOPPED, plan: { devices: [DENIED] } }, bad: { ...STOPPED, plan: { devices: [] } } },
  ],
  check: (facts) =>
    planned(facts, ({ devices }) => {
      const denied = devices.findLastIndex(
        ({ allow, type, major, minor }) => !allow && type === 'a' && major === null && minor === null,
      );
      const problems = devices
        .slice(denied + 1)
        .filter((rule) => rule.allow && !isStandard(rule))
        .map((rule) => about(facts, name(rule), `its plan lets it use the device ${name(rule)}`));
      if (denied < 0)
        problems.unshift(about(facts, 'all', 'its plan does not deny devices: those of the host are open to it'));
      const proven = facts.proof?.devices;
      if (facts.running && proven?.inForce === false && problems.length === 0) {
        return [about(facts, 'kernel', `the kernel allows other devices than planned: ${quoted(proven.actual)}`)];
      }
      if (problems.length > 0 || !needsProof(facts) || proven?.inForce === true) return verdict(problems);
      return unknown('the device rules of its control group could not be read');
    }),
} satisfies ContainerCheck;
