// SPDX-License-Identifier: Apache-2.0
import { quoted, unknown, verdict } from '../../verdicts.ts';
import { about, type ContainerCheck, needsProof, planned, STOPPED } from './shared/judge.ts';

const volume = (...options: readonly string[]) => ({
  destination: '/data',
  type: 'bind',
  source: '/srv/data',
  options: ['bind', ...options],
  own: false,
});

export default {
  id: 'SEC-CONTAINER-0023',
  title: 'What it can write takes no set-user-id program and no device node',
  severity: 'medium',
  target: 'container',
  frameworks: ['NIST-800-190:4.4.3'],
  rationale:
    'On a writable mount without nosuid and nodev a program leaves a set-user-id shell or a node of a disk for whoever mounts the same directory, the host included.',
  remediation:
    "Add the options to the volume: '--volume SOURCE:/PATH:nosuid,nodev'. The built-in profiles do so unless 'suid' or 'dev' is asked for.",
  references: ['https://man7.org/linux/man-pages/man8/mount.8.html'],
  examples: [
    { good: {}, bad: { proof: { 'writable-mounts': { inForce: false } } } },
    {
      good: { ...STOPPED, plan: { mounts: [volume('nosuid', 'nodev')] } },
      bad: { ...STOPPED, plan: { mounts: [volume('nosuid')] } },
    },
  ],
  check: (facts) =>
    planned(facts, ({ mounts }) => {
      if (needsProof(facts)) {
        const proven = facts.proof?.['writable-mounts'];
        if (proven?.inForce == null) return unknown('the mounts of its process could not be read');
        return proven.inForce
          ? []
          : [about(facts, 'kernel', `the kernel has writable mounts that take them: ${quoted(proven.actual)}`)];
      }
      // /dev holds the standard nodes, and a terminal's device belongs to devpts.
      const open = mounts.filter(
        ({ type, destination, options }) =>
          destination !== '/dev' &&
          type !== 'devpts' &&
          !options.includes('ro') &&
          !(options.includes('nosuid') && options.includes('nodev')),
      );
      return verdict(
        open.map(({ destination }) =>
          about(facts, destination, `${destination} is planned writable without nosuid and nodev`),
        ),
      );
    }),
} satisfies ContainerCheck;
