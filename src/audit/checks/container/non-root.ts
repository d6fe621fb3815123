// SPDX-License-Identifier: Apache-2.0
import { type ContainerCheck, judge, STOPPED } from './shared/judge.ts';

const ROOT = 'its program runs as user 0, root inside';

export default {
  id: 'SEC-CONTAINER-0005',
  title: 'Its program does not run as root',
  severity: 'medium',
  target: 'container',
  frameworks: ['CIS-Docker-1.6:4.1', 'PSS-Restricted:runAsNonRoot', 'NIST-800-190:4.4.3'],
  rationale:
    'Root inside owns every file of the image, gets every capability of the container and reaches more of the kernel than another user.',
  remediation:
    "Run it with '--user 65532:65532' (or an account of the image), or with '--profile strict', which chooses one.",
  references: ['https://kubernetes.io/docs/concepts/security/pod-security-standards/'],
  examples: [
    {
      good: { proof: { user: { actual: '33:33; outside 1959854113 1959854113' } } },
      bad: { proof: { user: { actual: '0:0; outside 1959854113 1959854113' } } },
    },
    { good: { ...STOPPED, plan: { uid: 1 } }, bad: { ...STOPPED, plan: { uid: 0 } } },
  ],
  check: (facts) =>
    judge(facts, {
      control: 'user',
      plan: ({ uid }) => (uid === 0 ? ROOT : null),
      // `mixed`: it is about to change its ids, or holds on to some.
      kernel: ({ actual }) => (/^\d+:/.test(actual) ? (actual.startsWith('0:') ? ROOT : null) : undefined),
    }),
} satisfies ContainerCheck;
