// SPDX-License-Identifier: Apache-2.0
import { secretIn } from '../../secrets.ts';
import { quoted, verdict } from '../../verdicts.ts';
import { container, type KubernetesCheck, ofContainer } from './shared/check.ts';

export default {
  id: 'SEC-KUBERNETES-0027',
  title: 'No secret stands in the manifest',
  severity: 'high',
  target: 'kubernetes',
  frameworks: ['CIS-Docker-1.6:4.10', 'NIST-800-190:4.1.4'],
  rationale:
    'A manifest is in repositories, in the logs of pipelines and in the annotations of the object; everybody who may read pods reads it.',
  remediation: 'Put it into a Secret or a vault, and take it by `valueFrom.secretKeyRef` or a mounted file.',
  references: ['https://kubernetes.io/docs/concepts/configuration/secret/'],
  examples: [
    {
      good: container('env:\n  - name: DB_PASSWORD\n    value: ""'),
      bad: container('env:\n  - name: DB_PASSWORD\n    value: correct-horse'),
    },
    {
      good: container('env:\n  - name: KEY\n    value: none'),
      bad: container('env:\n  - name: KEY\n    value: AKIA' + 'IOSFODNN7EXAMPLE'),
    },
  ],
  check: (facts) =>
    verdict(
      facts.containers.flatMap((one) =>
        one.env.flatMap(({ name, value }, i) => {
          const why = value === '' ? undefined : secretIn(name, value);
          return why === undefined
            ? []
            : [ofContainer(facts, one, `/env/${i}/value`, `the variable ${quoted(name)} holds a secret: ${why}`, name)];
        }),
      ),
    ),
} satisfies KubernetesCheck;
