// SPDX-License-Identifier: Apache-2.0
import { credentialIn, secretIn } from '../../secrets.ts';
import { type ImageCheck, judge, ofImage } from './shared/check.ts';

export default {
  id: 'SEC-IMAGE-0004',
  title: 'No secret stands in the configuration',
  severity: 'critical',
  target: 'image',
  frameworks: ['CIS-Docker-1.6:4.10', 'NIST-800-190:4.1.4'],
  rationale:
    'Environment, labels and command are readable by everybody who may pull the image or list containers, and each program in the container inherits the environment.',
  remediation:
    'Replace the secret, which is known by now, build the image without it and give it at run time as a file.',
  references: ['https://cwe.mitre.org/data/definitions/798.html'],
  examples: [
    {
      good: { config: { env: ['DB_PASSWORD_FILE=/run/secrets/db'] } },
      bad: { config: { env: ['DB_PASSWORD=hunter2'] } },
    },
    { good: { config: { labels: { note: 'AKIA' } } }, bad: { config: { labels: { note: 'AKIAIOSFODNN7EXAMPLE' } } } },
    {
      good: { config: { cmd: ['--db=postgres://db/x'] } },
      bad: { config: { cmd: ['--db=postgres://app:s3cr3tw0rd@db/x'] } },
    },
  ],
  check(facts) {
    const { env, labels, entrypoint, cmd } = facts.config;
    const of = (what: string, name: string, value: string) => {
      const why = secretIn(name, value);
      return why === undefined ? [] : [ofImage(facts, `${what} ${name}`, `${what} ${name}: ${why}`)];
    };
    const words = [...entrypoint, ...cmd].flatMap((word, i) => {
      const form = credentialIn(word);
      return form === undefined ? [] : [ofImage(facts, `command ${i + 1}`, `word ${i + 1} of the command is ${form}`)];
    });
    const variables = new Map(env.map((one) => [one.slice(0, one.indexOf('=')), one.slice(one.indexOf('=') + 1)]));
    return judge([
      ...[...variables].flatMap(([name, value]) => of('environment variable', name, value)),
      ...Object.entries(labels).flatMap(([name, value]) => of('label', name, value)),
      ...words,
    ]);
  },
} satisfies ImageCheck;
