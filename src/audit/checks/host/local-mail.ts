// SPDX-License-Identifier: Apache-2.0
import { notApplicable, problem, quoted, unknown, verdict } from '../../verdicts.ts';
import { NOT_COLLECTED } from './shared/later.ts';
import type { HostCheck } from './shared/sysctl.ts';

const LOOPBACK = /^(?:loopback-only|localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|::1|\[::1\])$/;
const postfix = (interfaces: string) => ({
  system: { enabledUnits: ['postfix.service'] },
  mail: { listens: { 'postfix.service': interfaces } },
});

export default {
  id: 'SEC-HOST-0136',
  title: 'Mail is taken from this machine alone',
  severity: 'low',
  target: 'host',
  frameworks: ['CIS-DIL-2.0:2.2.15', 'CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.1'],
  rationale:
    'A server of mail is there so that cron can write to root. One that listens at every address takes mail from containers and from the network, and sends it on in the name of the machine.',
  remediation:
    "Write 'inet_interfaces = loopback-only' into /etc/postfix/main.cf, or dc_local_interfaces='127.0.0.1 ; ::1' into /etc/exim4/update-exim4.conf.conf, and start it again; a server of mail belongs into a container.",
  references: ['https://www.postfix.org/postconf.5.html#inet_interfaces'],
  examples: [
    { good: postfix('loopback-only'), bad: postfix('all') },
    { good: postfix('127.0.0.1, [::1]'), bad: postfix('127.0.0.1, 10.0.0.1') },
    { good: postfix('localhost'), bad: postfix('') },
  ],
  check({ mail, system: { enabledUnits } }) {
    if (mail === undefined) return NOT_COLLECTED;
    if (enabledUnits === undefined) return unknown('what the system starts cannot be told');
    const servers = ['postfix.service', 'exim4.service'].filter((unit) => enabledUnits.includes(unit));
    if (servers.length === 0) return notApplicable('neither postfix nor exim is started');
    if (mail.problem !== null) return unknown(`where it listens cannot be read: ${mail.problem}`);
    return verdict(
      servers.flatMap((unit) => {
        const value = mail.listens[unit] ?? '';
        const local = value !== '' && value.split(/[\s,;]+/).every((one) => one === '' || LOOPBACK.test(one));
        return local
          ? []
          : [
              problem(unit, `${unit} listens at ${quoted(value === '' ? 'all' : value)}`, {
                logical: unit,
                path: 'etc',
              }),
            ];
      }),
    );
  },
} satisfies HostCheck;
