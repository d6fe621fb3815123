// SPDX-License-Identifier: Apache-2.0
import { fails, notApplicable, PASS, quoted, unknown } from '../../verdicts.ts';
import { about, type ContainerCheck } from './shared/judge.ts';

export default {
  id: 'SEC-CONTAINER-0025',
  title: 'None of its open files leads out of it',
  severity: 'high',
  target: 'container',
  frameworks: ['NIST-800-190:4.4.1'],
  rationale:
    'A descriptor of a directory of the host, left open by a runtime, is a door past every mount and namespace (CVE-2024-21626, CVE-2016-9962).',
  remediation:
    'Stop the container and find out how its program got the descriptor; secure-runtime closes all but the first three, also underneath docker and podman.',
  references: [
    'https://cve.mitre.org/cgi-bin/cvename.cgi?name=CVE-2024-21626',
    'https://github.com/opencontainers/runc/security/advisories/GHSA-xr7r-f8xq-vfvv',
  ],
  examples: [
    { good: { proof: { descriptors: { inForce: true } } }, bad: { proof: { descriptors: { inForce: false } } } },
  ],
  check(facts) {
    if (!facts.running) return notApplicable('it does not run');
    const proven = facts.proof?.descriptors;
    if (proven?.inForce == null) return unknown('the open files of its process could not be read');
    return proven.inForce ? PASS : fails(about(facts, 'descriptors', `its process has ${quoted(proven.actual)}`));
  },
} satisfies ContainerCheck;
