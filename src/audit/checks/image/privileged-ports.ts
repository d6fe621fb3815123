// SPDX-License-Identifier: Apache-2.0
import { type ImageCheck, judge, ofImage } from './shared/check.ts';

export default {
  id: 'SEC-IMAGE-0012',
  title: 'Its ports need no privilege',
  severity: 'low',
  target: 'image',
  frameworks: ['CIS-Docker-1.6:5.8'],
  rationale: 'Ports below 1024 are why servers start as root or keep CAP_NET_BIND_SERVICE.',
  remediation: 'Let the program listen on a port above 1023 and publish that: secure run -p 80:8080.',
  references: ['https://man7.org/linux/man-pages/man7/capabilities.7.html'],
  examples: [{ good: { config: { exposedPorts: ['8080/tcp'] } }, bad: { config: { exposedPorts: ['80/tcp'] } } }],
  check(facts) {
    const low = facts.config.exposedPorts.filter((port) => Number(port.split('/')[0]?.split('-')[0]) < 1024);
    return judge(
      low.map((port) => ofImage(facts, port, `the image listens on port ${port}, which needs CAP_NET_BIND_SERVICE`)),
    );
  },
} satisfies ImageCheck;
