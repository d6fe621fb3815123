// SPDX-License-Identifier: Apache-2.0
import { posix } from 'node:path';
import { about, type ContainerCheck, planned } from './shared/judge.ts';

const SERVERS = new Set(['sshd', 'dropbear', 'telnetd', 'in.telnetd', 'utelnetd']);

export default {
  id: 'SEC-CONTAINER-0029',
  title: 'It is no server to log in to',
  severity: 'medium',
  target: 'container',
  frameworks: ['CIS-Docker-1.6:5.7', 'NIST-800-190:4.4.2'],
  rationale:
    'A login server in a container needs accounts, keys and updates of its own, and is one more way in that nobody watches.',
  remediation:
    "Remove it, and use 'exec' of the engine from the host: 'secure exec -it NAME sh', 'docker exec -it NAME sh'.",
  references: ['https://csrc.nist.gov/pubs/sp/800/190/final'],
  examples: [{ good: { plan: { args: ['nginx'] } }, bad: { plan: { args: ['/usr/sbin/sshd'] } } }],
  check: (facts) =>
    planned(facts, ({ args }) => {
      // busybox NAME, tini -- NAME: the first words name it; the arguments of a program proper are its own business.
      const named = args.slice(0, 3).map((word) => posix.basename(word));
      const running = facts.managed?.programs ?? [];
      const server = named.find((word) => SERVERS.has(word)) ?? running.find((word) => SERVERS.has(word));
      return server === undefined
        ? []
        : [about(facts, server, `${named.includes(server) ? 'its program is' : 'there runs in it'} ${server}`)];
    }),
} satisfies ContainerCheck;
