// SPDX-License-Identifier: Apache-2.0
import { type ImageCheck, judgeFiles, ofPath } from './shared/check.ts';

export default {
  id: 'SEC-IMAGE-0006',
  title: 'No file of secrets is in any layer',
  severity: 'critical',
  target: 'image',
  frameworks: ['CIS-Docker-1.6:4.10', 'NIST-800-190:4.1.4'],
  rationale:
    'Whoever may pull the image has every layer of it. A file that a later layer deletes is still in the earlier one.',
  remediation:
    'Replace the key, which is known by now; build again and mount it only while it is needed, RUN --mount=type=secret,id=NAME. Deleting it in one more layer does not help.',
  references: ['https://docs.docker.com/build/building/secrets/', 'https://cwe.mitre.org/data/definitions/540.html'],
  examples: [
    {
      good: { files: { secrets: [] } },
      bad: {
        files: {
          secrets: [
            {
              path: 'root/.ssh/id_rsa',
              what: 'a private key of ssh',
              hidden: true,
              layer: 'sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d',
            },
          ],
        },
      },
    },
  ],
  check(facts) {
    return judgeFiles(
      facts,
      facts.files.secrets.map(({ path, what, hidden, layer }) => {
        const id = layer.slice(0, 19);
        const where = hidden ? `; a later layer hides it, and it is still in layer ${id}` : ` (layer ${id})`;
        return ofPath(facts, path, `/${path} is ${what}${where}`, `${path} ${layer}`);
      }),
    );
  },
} satisfies ImageCheck;
