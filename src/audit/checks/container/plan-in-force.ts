// SPDX-License-Identifier: Apache-2.0
import { notApplicable, quoted, unknown, verdict } from '../../verdicts.ts';
import { about, type ContainerCheck } from './shared/judge.ts';

export default {
  id: 'SEC-CONTAINER-0030',
  title: 'Everything that its policy requires is in force',
  severity: 'high',
  target: 'container',
  frameworks: ['NIST-800-190:4.4.3'],
  rationale:
    'A control that was planned and is not there was switched off after the start, or never took effect: either is worth knowing before somebody uses it.',
  remediation:
    "See 'secure inspect --enforced NAME', then stop the container and make it again; report it if it comes back.",
  references: ['https://csrc.nist.gov/pubs/sp/800/190/final'],
  examples: [
    { good: {}, bad: { proof: { pids: { inForce: false } } } },
    {
      good: {},
      bad: { proof: { cgroup: { planned: '/secure/x', inForce: false, actual: 'in 0 hierarchies', required: true } } },
    },
  ],
  check(facts) {
    if (facts.engine !== 'secure') return notApplicable('its engine does not say what it requires');
    if (!facts.running) return notApplicable('it does not run');
    if (facts.proof === null) return unknown('the kernel was not asked what is in force');
    const required = Object.entries(facts.proof).filter(([, { required, planned }]) => required && planned !== null);
    const missing = required.filter(([, { inForce }]) => inForce === false);
    if (missing.length > 0) {
      return verdict(
        missing.map(([control, { planned, actual }]) =>
          about(facts, control, `${control}: the plan requires ${quoted(planned)}, the kernel says ${quoted(actual)}`),
        ),
      );
    }
    const unproven = required.find(([, { inForce }]) => inForce === null);
    return unproven === undefined
      ? verdict([])
      : unknown(`${unproven[0]} could not be proven: ${quoted(unproven[1].actual)}`);
  },
} satisfies ContainerCheck;
