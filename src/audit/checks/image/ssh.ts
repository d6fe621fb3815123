// SPDX-License-Identifier: Apache-2.0
import { type ImageCheck, judge, ofImage } from './shared/check.ts';

export default {
  id: 'SEC-IMAGE-0011',
  title: 'No remote login is offered',
  severity: 'medium',
  target: 'image',
  frameworks: ['CIS-Docker-1.6:5.7'],
  rationale:
    'A login service in a container is one more thing with accounts, keys and flaws of its own, beside the one that the image is for.',
  remediation: "Build the image without the server and EXPOSE 22; use 'secure exec NAME sh' to look inside.",
  references: ['https://github.com/opencontainers/image-spec/blob/main/config.md'],
  examples: [
    { good: { config: { exposedPorts: ['8022/tcp'] } }, bad: { config: { exposedPorts: ['22/tcp'] } } },
    { good: { config: { entrypoint: ['/usr/bin/app'] } }, bad: { config: { entrypoint: ['/usr/sbin/sshd'] } } },
  ],
  check(facts) {
    const { exposedPorts, entrypoint, cmd } = facts.config;
    const ports = exposedPorts.filter((port) => /^(?:22|23)(?:\/tcp)?$/.test(port));
    const program = (entrypoint.length > 0 ? entrypoint : cmd)[0] ?? '';
    const server = /(?:^|\/)(?:sshd|dropbear|telnetd)$/.test(program) ? [program] : [];
    return judge([
      ...ports.map((port) => ofImage(facts, port, `the image exposes port ${port}, of a remote login`)),
      ...server.map((name) => ofImage(facts, name, `the image starts ${name}, a server for remote login`)),
    ]);
  },
} satisfies ImageCheck;
