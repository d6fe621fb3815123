// SPDX-License-Identifier: Apache-2.0
import { notApplicable, quoted, unknown } from '../../verdicts.ts';
import { type EngineCheck, known, ofEngine } from './shared/check.ts';
import { type EngineFlaw, FLAWS, isBelow, REVIEWED } from './shared/flaws.ts';

/** After that the list says nothing about what is new. */
const DAYS = 183;
const THEN = { collected: '2025-06-01T00:00:00Z' };

export default {
  id: 'SEC-ENGINE-0006',
  title: 'Its version has no known way out of a container',
  severity: 'high',
  target: 'engine',
  frameworks: ['CIS-Docker-1.6:1.2.2', 'NIST-800-190:4.3.5'],
  rationale:
    'Ways out of containers are published with their fixes; an engine that was not updated since offers all of them. Distributions bring fixes to older versions: what such a one has, its changelog says.',
  remediation: "Update it: 'apt-get install --only-upgrade docker.io', or the packages of docker.com or podman.",
  references: [
    'https://docs.docker.com/security/security-announcements/',
    'https://github.com/moby/moby/security/advisories',
  ],
  examples: [
    { good: { ...THEN, info: { version: '28.0.1' } }, bad: { ...THEN, info: { version: '24.0.2' } } },
    { good: { ...THEN, info: { version: '28.0.1' } }, bad: { ...THEN, info: { version: '18.06.3' } } },
  ],
  check: (facts) =>
    known(facts, 'info', ({ version }) => {
      const flaws: readonly EngineFlaw[] = FLAWS[facts.engine] ?? [];
      if (flaws.length === 0) return notApplicable('of this engine the list knows no version');
      if (!/^\d+\.\d+/.test(version)) return unknown(`it says that its version is ${quoted(version)}`);
      const open = flaws.filter(({ fixed }) => isBelow(version, fixed));
      // A distribution's own number, such as 20.10.24+dfsg1, says that it may have brought the fix to an older version.
      if (open.length > 0 && /[+~]/.test(version))
        return unknown(
          `${version} is a distribution's: see whether its changelog has ${open.map(({ id }) => id).join(', ')}`,
        );
      if (open.length === 0 && Date.parse(facts.collected) - Date.parse(REVIEWED) > DAYS * 86_400_000)
        return unknown(`the list of known flaws is of ${REVIEWED}, and ${version} has none of them`);
      return open.map(({ id, what, fixed }) =>
        ofEngine(
          facts,
          id,
          `${version} has ${id}: ${what}; ${fixed.join(' and ')} ${fixed.length > 1 ? 'have' : 'has'} the fix`,
        ),
      );
    }),
} satisfies EngineCheck;
