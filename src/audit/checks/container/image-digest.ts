// SPDX-License-Identifier: Apache-2.0
import { notApplicable, PASS, quoted } from '../../verdicts.ts';
import { about, type ContainerCheck, planned } from './shared/judge.ts';

export default {
  id: 'SEC-CONTAINER-0018',
  title: 'The image it was made from is known by its digest',
  severity: 'medium',
  target: 'container',
  frameworks: ['CIS-Docker-1.6:5.28', 'NIST-800-190:4.1.2'],
  rationale:
    'A tag is moved by whoever may push; only the digest says which files are running, and lets them be compared with what was scanned and signed.',
  remediation:
    "Make the container again from the image's digest: 'docker run NAME@sha256:…', and the same for 'secure run' and 'podman run'.",
  references: ['https://github.com/opencontainers/image-spec/blob/main/descriptor.md#digests'],
  examples: [
    {
      good: { plan: { image: { digest: `sha256:${'5'.repeat(64)}` } } },
      bad: { plan: { image: { digest: '' } } },
    },
  ],
  check: (facts) =>
    planned(facts, ({ image }) => {
      if (image === null) return notApplicable('it is a bundle of another engine, which knows the image');
      if (/^sha256:[0-9a-f]{64}$|^sha512:[0-9a-f]{128}$/.test(image.digest)) return PASS;
      return [about(facts, 'digest', `the digest of ${quoted(image.reference)} is ${quoted(image.digest)}`)];
    }),
} satisfies ContainerCheck;
