// SPDX-License-Identifier: Apache-2.0
import { problem, unknown, verdict } from '../../verdicts.ts';
import type { HostCheck } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0116',
  title: 'No wireless card is up',
  severity: 'low',
  target: 'host',
  frameworks: ['CIS-DIL-2.0:3.6', 'CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.1'],
  rationale: 'A server stands on a wire; a card that listens to the air lets everybody near it talk to its driver.',
  remediation: "Run 'nmcli radio all off' or 'rfkill block wlan', and remove the card's module by /etc/modprobe.d.",
  references: ['https://docs.kernel.org/driver-api/rfkill.html'],
  examples: [{ good: { kernel: { wireless: [] } }, bad: { kernel: { wireless: ['wlan0'] } } }],
  check({ kernel: { wireless } }) {
    if (wireless === undefined) return unknown('no /sys/class/net is in this file tree');
    return verdict(
      wireless.map((name) =>
        problem(name, `the wireless card ${name} is up`, { logical: name, path: `sys/class/net/${name}` }),
      ),
    );
  },
} satisfies HostCheck;
