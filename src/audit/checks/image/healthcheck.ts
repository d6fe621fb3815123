// SPDX-License-Identifier: Apache-2.0
import { type ImageCheck, judge, ofImage } from './shared/check.ts';

export default {
  id: 'SEC-IMAGE-0010',
  title: 'The image says how to find out whether it works',
  severity: 'low',
  target: 'image',
  frameworks: ['CIS-Docker-1.6:4.6'],
  rationale: 'A program that hangs still runs: without a check nothing restarts it or takes it out of service.',
  remediation: 'Add HEALTHCHECK CMD to the Dockerfile, or HEALTHCHECK NONE where the orchestrator checks.',
  references: ['https://docs.docker.com/reference/dockerfile/#healthcheck'],
  examples: [{ good: { config: { healthcheck: true } }, bad: { config: { healthcheck: false } } }],
  check(facts) {
    return judge(facts.config.healthcheck ? [] : [ofImage(facts, 'healthcheck', 'the image has no health check')]);
  },
} satisfies ImageCheck;
