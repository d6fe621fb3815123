// SPDX-License-Identifier: Apache-2.0
import packageSignatures from '../dockerfile/package-signatures.ts';
import remoteCode from '../dockerfile/remote-code.ts';
import tlsVerification from '../dockerfile/tls-verification.ts';
import type { ImageCheck } from './shared/check.ts';
import { historyVerdict } from './shared/history.ts';

export default {
  id: 'SEC-IMAGE-0021',
  title: 'Its build took nothing unseen, unsigned or from an unproved server',
  severity: 'high',
  target: 'image',
  frameworks: ['CIS-Docker-1.6:4.11', 'NIST-800-190:4.1.5'],
  rationale:
    'What a step brought in without a signature, a certificate or a look is in the image, and nobody can say any more what it was.',
  remediation:
    'Build it again: download to a file, compare its digest, then run it; leave out what switches the checks of certificates and signatures off. Of an image of somebody else, ask for that or choose another.',
  references: ['https://docs.docker.com/build/building/best-practices/'],
  examples: [
    {
      good: { history: ['RUN /bin/sh -c curl -fsSLo /tmp/x https://example.com/x # buildkit'] },
      bad: { history: ['RUN /bin/sh -c curl -fsSL https://example.com/x | sh # buildkit'] },
    },
    {
      good: { history: ['/bin/sh -c apt-get update && apt-get install -y x'] },
      bad: { history: ['/bin/sh -c apt-get update && apt-get install -y --allow-unauthenticated x'] },
    },
    {
      good: { history: ['|1 A=1 /bin/bash -o pipefail -c wget https://example.com/x'] },
      bad: { history: ['|1 A=1 /bin/bash -o pipefail -c wget --no-check-certificate https://example.com/x'] },
    },
  ],
  check: (facts) => historyVerdict(facts, [remoteCode, tlsVerification, packageSignatures]),
} satisfies ImageCheck;
