// SPDX-License-Identifier: Apache-2.0
import { type ImageCheck, judge, ofImage } from './shared/check.ts';

export default {
  id: 'SEC-IMAGE-0001',
  title: 'The image does not run as root',
  severity: 'high',
  target: 'image',
  frameworks: ['CIS-Docker-1.6:4.1', 'NIST-800-190:4.1.2'],
  rationale:
    'A program that runs as root needs one flaw in the kernel or one wrong mount to be root on the host; file permissions inside the image do not hold it either.',
  remediation:
    "Build it with a user: USER 10001:10001 in the Dockerfile, --user 10001:10001 of 'secure image'. Until then: secure run --user 10001:10001.",
  references: ['https://github.com/opencontainers/image-spec/blob/main/config.md'],
  examples: [
    { good: { config: { user: '10001' } }, bad: { config: { user: '0:10001' } } },
    { good: { config: { user: 'app' } }, bad: { config: { user: '' } } },
  ],
  check(facts) {
    const { user } = facts.config;
    const name = user.split(':')[0] ?? '';
    if (name === '') return judge([ofImage(facts, 'user', 'the image names no user, so it runs as root')]);
    const root = (why: string) => judge([ofImage(facts, 'user', `the image runs as root: its user is ${user}${why}`)]);
    if (/^\d+$/.test(name)) return Number(name) === 0 ? root('') : { status: 'pass' };
    const account = facts.accounts?.find((one) => one.name === name);
    if (account !== undefined) return account.uid === 0 ? root(', whose id is 0') : { status: 'pass' };
    if (name === 'root') return root('');
    const why = facts.accounts === null ? 'its accounts cannot be read' : '/etc/passwd does not name it';
    return { status: 'unknown', why: `the user is ${user}, and ${why}` };
  },
} satisfies ImageCheck;
