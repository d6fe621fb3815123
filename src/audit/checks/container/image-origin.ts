// SPDX-License-Identifier: Apache-2.0
import { notApplicable, PASS, quoted, unknown } from '../../verdicts.ts';
import { about, type ContainerCheck, planned } from './shared/judge.ts';

export default {
  id: 'SEC-CONTAINER-0019',
  title: 'Where its image comes from can be told',
  severity: 'low',
  target: 'container',
  frameworks: ['CIS-Docker-1.6:4.2', 'NIST-800-190:4.1.5'],
  rationale:
    'An imported archive came from anywhere: nobody vouches for it, neither a build on this host nor a registry.',
  remediation:
    "Build it here ('secure image debian') or run it from a registry by reference, then make the container again.",
  references: ['https://csrc.nist.gov/pubs/sp/800/190/final', 'https://slsa.dev/spec/v1.0/threats'],
  examples: [
    { good: { plan: { image: { origin: 'built' } } }, bad: { plan: { image: { origin: 'imported' } } } },
    { good: { plan: { image: { origin: 'pulled' } } }, bad: { plan: { image: { origin: '' } } } },
  ],
  check: (facts) =>
    planned(facts, ({ image }) => {
      if (image === null) return notApplicable('it is a bundle of another engine, which knows the image');
      if (image.origin === 'built' || image.origin === 'pulled') return PASS;
      if (facts.engine !== 'secure' && image.origin !== 'imported')
        return unknown('its engine does not say whether the image was built here or came in an archive');
      const came =
        image.origin === 'imported' ? 'was imported from an archive' : `has the origin ${quoted(image.origin)}`;
      return [about(facts, 'origin', `${quoted(image.reference)} ${came}`)];
    }),
} satisfies ContainerCheck;
