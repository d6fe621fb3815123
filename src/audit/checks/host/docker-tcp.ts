// SPDX-License-Identifier: Apache-2.0
import { quoted } from '../../verdicts.ts';
import { daemon, docker } from './shared/docker.ts';
import type { HostCheck } from './shared/sysctl.ts';

const both = (hosts: readonly string[], tlsverify: boolean) => ({
  docker: {
    settings: { ...daemon('hosts', hosts).docker?.settings, ...daemon('tlsverify', tlsverify).docker?.settings },
  },
});

export default {
  id: 'SEC-HOST-0035',
  title: 'Docker listens on no network without client certificates',
  severity: 'critical',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:2.7', 'NIST-800-190:4.5.2'],
  rationale:
    'Who reaches the port is root on the host; the Internet is searched for such ports all the time. TLS without tlsverify lets in everybody as well, only in private.',
  remediation:
    'Remove the tcp:// address from "hosts" in /etc/docker/daemon.json and from -H in docker.service, use \'docker -H ssh://HOST\'; or set "tlsverify": true with "tlscacert", "tlscert" and "tlskey". Then \'systemctl restart docker\'.',
  references: ['https://docs.docker.com/engine/security/protect-access/'],
  examples: [
    { good: both(['fd://', 'tcp://0.0.0.0:2376'], true), bad: both(['fd://', 'tcp://0.0.0.0:2376'], false) },
    { good: both(['fd://'], false), bad: both(['tcp://127.0.0.1:2375'], false) },
  ],
  check: (facts) =>
    docker(facts, 'hosts', (value) => {
      const open = (Array.isArray(value) ? value : [value]).filter((host) =>
        /^(?:tcp:|\d|:|\[|[a-z0-9.-]+:\d)/i.test(String(host ?? '')),
      );
      if (open.length === 0 || facts.docker.settings.tlsverify?.value === true) return null;
      return `it listens on ${quoted(open.join(' '))} and asks for no client certificate`;
    }),
} satisfies HostCheck;
