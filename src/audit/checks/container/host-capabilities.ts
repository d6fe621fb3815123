// SPDX-License-Identifier: Apache-2.0
import { unknown, verdict } from '../../verdicts.ts';
import { BASELINE, capabilitiesOf } from './shared/capabilities.ts';
import { about, type ContainerCheck, STOPPED } from './shared/judge.ts';

const none = 'bounding: none; permitted: none; effective: none; inheritable: none; ambient: none';

export default {
  id: 'SEC-CONTAINER-0001',
  title: 'No capability reaches beyond the container',
  severity: 'high',
  target: 'container',
  frameworks: ['CIS-Docker-1.6:5.4', 'CIS-Docker-1.6:5.5', 'PSS-Baseline:capabilities', 'NIST-800-190:4.4.3'],
  rationale:
    'SYS_ADMIN, SYS_PTRACE, SYS_MODULE, NET_ADMIN, DAC_READ_SEARCH and the like open kernel interfaces that most escapes start from; in a container without its own user namespace they are those of root on the host.',
  remediation:
    "Make the container again without '--privileged' and '--cap-add' of what is named here, and without what run.capabilities of a policy adds beyond the thirteen of Pod Security Standards Baseline.",
  references: [
    'https://man7.org/linux/man-pages/man7/capabilities.7.html',
    'https://kubernetes.io/docs/concepts/security/pod-security-standards/',
    'https://cve.mitre.org/cgi-bin/cvename.cgi?name=CVE-2022-0492',
  ],
  examples: [
    {
      good: { proof: { capabilities: { actual: none } } },
      bad: { proof: { capabilities: { actual: none.replace('none', 'CAP_SYS_ADMIN') } } },
    },
    {
      good: { ...STOPPED, plan: { capabilities: [] } },
      bad: { ...STOPPED, plan: { capabilities: ['CAP_SYS_PTRACE'] } },
    },
  ],
  check(facts) {
    const held = capabilitiesOf(facts);
    if (held === undefined) return unknown('the capabilities of its process could not be read');
    return verdict(
      held
        .filter((name) => !BASELINE.has(name))
        .map((name) => about(facts, name, `it can use ${name}, which acts beyond the container`)),
    );
  },
} satisfies ContainerCheck;
