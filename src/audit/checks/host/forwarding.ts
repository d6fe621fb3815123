// SPDX-License-Identifier: Apache-2.0
import { SOCKETS } from '../../facts/host/files.ts';
import { fails, notApplicable, PASS, problem, quoted, unknown } from '../../verdicts.ts';
import { type HostCheck, sysctlLocation } from './shared/sysctl.ts';

const alone = (value: string) => ({
  kernel: { sysctls: { 'net.ipv4.ip_forward': value } },
  docker: { program: null },
  files: Object.fromEntries(SOCKETS.map((path) => [path, null])),
});

export default {
  id: 'SEC-HOST-0021',
  title: 'It forwards packets only for containers',
  severity: 'low',
  target: 'host',
  frameworks: ['CIS-DIL-2.0:3.1.1', 'CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.3'],
  rationale: 'A host that forwards without need is a router between its networks for whoever sends it packets.',
  remediation:
    "Run 'sysctl -w net.ipv4.ip_forward=0' and remove the line that sets 1 ('grep -r ip_forward /etc/sysctl*'). 'secure' switches it on while a container needs it and then keeps other interfaces apart.",
  references: ['https://docs.kernel.org/networking/ip-sysctl.html'],
  examples: [
    { good: alone('0'), bad: alone('1') },
    // Whatever is not 0 is on.
    { good: alone('0'), bad: alone('2') },
  ],
  check({ kernel, docker, files, forwardingLent }) {
    const value = kernel.sysctls?.['net.ipv4.ip_forward'];
    if (value === undefined) return unknown('no /proc/sys of the kernel is in this file tree');
    if (value === null || value === '0') return PASS;
    if (forwardingLent)
      return notApplicable('secure switched it on for its containers, and switches it off after the last');
    const engine = docker.program ?? SOCKETS.find((path) => files[path] != null);
    if (engine !== undefined) return notApplicable(`${engine} is an engine whose bridges need forwarding`);
    return fails(
      problem(
        'net.ipv4.ip_forward',
        `net.ipv4.ip_forward is ${quoted(value)}, and no engine needs it`,
        sysctlLocation('net.ipv4.ip_forward'),
      ),
    );
  },
} satisfies HostCheck;
