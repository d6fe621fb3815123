// SPDX-License-Identifier: Apache-2.0
// A report about a hostile world: every text that comes from outside tries to be something else.
import type { AnyCheck, Audited, Problem, Report, Severity, Target, Verdict } from '../../src/audit/types.ts';
import { containerUri, dockerfileUri, imageUri } from '../../src/audit/uri.ts';

export const HOSTILE =
  '</style><script>alert(1)</script>"\'><img src=x onerror=alert(1)>{0}[x](https://evil.example)\u202e\u0000\n\u001b[2J';

export function checkOf(id: string, severity: Severity, target: Target = 'host'): AnyCheck {
  return {
    id,
    title: `The thing behind ${id} is in order`,
    severity,
    target,
    frameworks: ['CIS-Docker-1.6:1.1'],
    rationale: `Who controls it controls <everything>, says ${id}.`,
    remediation: 'Set `order: true` in /etc/thing\nand restart it',
    references: [`https://example.org/${id}?a=1&b=2`],
    examples: [],
    check: () => ({ status: 'pass' }),
  };
}

export const fail = (...problems: readonly Problem[]): Verdict => ({ status: 'fail', problems });
export const PASS: Verdict = { status: 'pass' };
export const NOT_APPLICABLE: Verdict = { status: 'not-applicable', why: 'there is no engine' };
export const UNKNOWN: Verdict = { status: 'unknown', why: `/proc is ${HOSTILE}` };

export const problem = (key: string, more: Partial<Problem> = {}): Problem => ({
  message: `found ${key}`,
  location: { logical: key },
  key,
  ...more,
});

const region = { startLine: 3, startColumn: 5, endLine: 4, endColumn: 9 };

const host: Audited = {
  target: 'host',
  name: `debian${HOSTILE}`,
  uri: 'host',
  results: [
    { check: checkOf('SEC-HOST-0001', 'low'), verdict: PASS },
    {
      check: checkOf('SEC-HOST-0002', 'high'),
      verdict: fail(
        problem('a', { location: { logical: '/etc/docker/daemon.json', path: 'etc/docker/daemon.json', region } }),
        problem(HOSTILE, { message: HOSTILE, location: { logical: HOSTILE, path: `../../${HOSTILE}` } }),
      ),
    },
    { check: checkOf('SEC-HOST-0003', 'medium'), verdict: UNKNOWN },
    { check: checkOf('SEC-HOST-0004', 'critical'), verdict: NOT_APPLICABLE },
  ],
};

export const REPORT: Report = {
  product: '0.1.0',
  generated: '2026-01-02T03:04:05.000Z',
  audited: [
    host,
    {
      target: 'image',
      name: 'localhost:5000/a/nginx:1.2',
      uri: imageUri('localhost:5000/a/nginx:1.2'),
      results: [
        { check: checkOf('SEC-IMAGE-0001', 'critical', 'image'), verdict: fail(problem('same'), problem('same')) },
        { check: checkOf('SEC-IMAGE-0002', 'low', 'image'), verdict: fail(problem('low')) },
      ],
    },
    {
      target: 'container',
      name: 'web',
      uri: containerUri('web'),
      results: [{ check: checkOf('SEC-CONTAINER-0001', 'medium', 'container'), verdict: PASS }],
    },
    {
      target: 'dockerfile',
      name: 'my app/Dockerfile',
      uri: dockerfileUri('my app/Dockerfile'),
      results: [
        {
          check: checkOf('SEC-DOCKERFILE-0001', 'medium', 'dockerfile'),
          verdict: fail(problem('FROM x', { message: 'the base is {BASE}', location: { logical: 'FROM', region } })),
        },
      ],
    },
  ],
};
