// SPDX-License-Identifier: Apache-2.0
import { unknown } from '../../verdicts.ts';
import { certificateFix, certificateFlaws, files } from './shared/files.ts';
import type { HostCheck } from './shared/sysctl.ts';

const FILE = '/etc/docker/certs.d/registry.example/ca.crt';

export default {
  id: 'SEC-HOST-0047',
  title: "Certificates of registries are root's, and nobody writes them",
  severity: 'medium',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:3.7', 'CIS-Docker-1.6:3.8'],
  rationale:
    'Whoever replaces the authority of a registry stands between it and the engine, and gives it other images.',
  remediation:
    "'chown root:root FILE && chmod 444 FILE' for each file below /etc/docker/certs.d, 'chmod 400' for a key.",
  references: ['https://docs.docker.com/engine/security/certificates/'],
  examples: [
    { good: { files: { [FILE]: { mode: 0o444 } } }, bad: { files: { [FILE]: { mode: 0o644 } } } },
    { good: { files: { [FILE]: { uid: 0 } } }, bad: { files: { [FILE]: { uid: 1000 } } } },
  ],
  check: (facts) =>
    facts.registryCertificates === undefined
      ? unknown('the directories of certificates cannot be listed: audit as root')
      : files(facts, facts.registryCertificates, 'no registry has a certificate of its own here', (file, path) =>
          certificateFlaws(file, path.endsWith('.key') ? 0o400 : 0o444),
        ),
  fix: certificateFix((path) => (path.endsWith('.key') ? 0o400 : 0o444)),
} satisfies HostCheck;
