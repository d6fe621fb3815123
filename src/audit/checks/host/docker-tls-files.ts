// SPDX-License-Identifier: Apache-2.0
import { TLS_SETTINGS } from '../../facts/host/docker.ts';
import { notApplicable, PASS, unknown } from '../../verdicts.ts';
import { certificateFix, certificateFlaws, files } from './shared/files.ts';
import type { HostCheck } from './shared/sysctl.ts';

const [CA, KEY] = ['/etc/docker/ca.pem', '/etc/docker/key.pem'];

export default {
  id: 'SEC-HOST-0048',
  title: "Files of docker's TLS are root's, and its key is read by nobody else",
  severity: 'high',
  target: 'host',
  frameworks: [9, 10, 11, 12, 13, 14].map((n) => `CIS-Docker-1.6:3.${n}`),
  rationale:
    'Whoever writes the authority makes himself a client, and is root on the host; whoever reads the key of the daemon is taken for it by its clients.',
  remediation:
    "'chown root:root FILE', 'chmod 444' for what tlscacert and tlscert name in /etc/docker/daemon.json, 'chmod 400' for what tlskey names.",
  references: ['https://docs.docker.com/engine/security/protect-access/'],
  examples: [
    { good: { files: { [CA]: { mode: 0o444 } } }, bad: { files: { [CA]: { mode: 0o664 } } } },
    { good: { files: { [KEY]: { mode: 0o400 } } }, bad: { files: { [KEY]: { mode: 0o440 } } } },
    { good: { files: { [KEY]: { gid: 0 } } }, bad: { files: { [KEY]: { gid: 998 } } } },
  ],
  check: (facts) => {
    const { program, problem, config, settings } = facts.docker;
    if (program === null) return notApplicable('docker is not installed');
    const named = TLS_SETTINGS.flatMap((key) => {
      const path = settings[key]?.value;
      return typeof path === 'string' ? [{ key, path }] : [];
    });
    if (named.length === 0)
      return problem === null
        ? notApplicable('docker is not told to use TLS')
        : unknown(`${config} cannot be read: ${problem}`);
    const verdicts = named.map(({ key, path }) => {
      const most = key === 'tlskey' ? 0o400 : 0o444;
      return { key, found: files(facts, [path], `${path} is not there`, (file) => certificateFlaws(file, most)) };
    });
    // By what a file is for: the same may be named twice.
    const problems = verdicts.flatMap(({ key, found }) =>
      found.status === 'fail'
        ? found.problems.map((one) => ({ ...one, key: one.key.endsWith(' mode') ? `${key} mode` : key }))
        : [],
    );
    const unseen = verdicts.filter(({ found }) => found.status === 'unknown').map(({ key }) => key);
    if (problems.length === 0 && unseen.length > 0)
      return unknown(`the file of ${unseen[0]} cannot be looked at: audit as root`);
    return problems.length === 0 ? PASS : { status: 'fail', problems, unseen };
  },
  fix: certificateFix((_, key) => (key.startsWith('tlskey') ? 0o400 : 0o444)),
} satisfies HostCheck;
