// SPDX-License-Identifier: Apache-2.0
import { whose } from '../../facts/probe/namespaces.ts';
import { ALLOWED, conclude, type ProbeCheck, tried } from './shared/judge.ts';

const ALWAYS = { swapon: 'swapon(2) is permitted', 'io-ports': 'ports of the machine could be opened' };

export default {
  id: 'SEC-PROBE-0016',
  title: 'The machine cannot be renamed, restarted or starved',
  severity: 'high',
  target: 'probe',
  frameworks: ['NIST-800-190:4.4.3'],
  rationale: 'These calls act on what all containers share, unless the container has a namespace of its own for it.',
  remediation:
    "Remove CAP_SYS_BOOT, CAP_SYS_ADMIN and CAP_SYS_RAWIO ('--privileged'), and do not share the host's names or process ids.",
  references: [
    'https://man7.org/linux/man-pages/man2/reboot.2.html',
    'https://man7.org/linux/man-pages/man2/swapon.2.html',
  ],
  examples: [
    { good: {}, bad: { attempts: { swapon: ALLOWED } } },
    {
      good: { attempts: { reboot: ALLOWED } },
      bad: { attempts: { reboot: ALLOWED }, namespaces: { pid: { inode: 0xeffffffc } } },
    },
  ],
  check: (facts) =>
    conclude(
      tried(facts, {
        ...ALWAYS,
        // In a namespace of its own it ends that, and names that.
        ...(whose(facts, 'pid') === 'own' ? {} : { reboot: 'reboot(2) is permitted' }),
        ...(whose(facts, 'uts') === 'own' ? {} : { 'host-name': 'sethostname(2) is permitted' }),
      }),
    ),
} satisfies ProbeCheck;
