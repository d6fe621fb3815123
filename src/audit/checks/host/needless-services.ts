// SPDX-License-Identifier: Apache-2.0
import { problem, unknown, verdict } from '../../verdicts.ts';
import type { HostCheck } from './shared/sysctl.ts';

/** By unit without its kind: what it is. Each is for another kind of machine, or sends passwords in the clear. */
const NEEDLESS: Readonly<Record<string, string>> = {
  ...{ telnet: 'telnet', rsh: 'rsh', rlogin: 'rlogin', rexec: 'rexec', ntalk: 'talk', talk: 'talk', tftp: 'tftp' },
  ...{ 'tftpd-hpa': 'tftp', inetd: 'inetd', 'openbsd-inetd': 'inetd', 'inetutils-inetd': 'inetd', xinetd: 'xinetd' },
  ...{
    ypbind: 'NIS',
    ypserv: 'NIS',
    nis: 'NIS',
    'avahi-daemon': 'Avahi',
    cups: 'printing',
    'cups-browsed': 'printing',
  },
  ...{ gdm: 'a desktop', gdm3: 'a desktop', lightdm: 'a desktop', sddm: 'a desktop', vsftpd: 'FTP', proftpd: 'FTP' },
  ...{ 'isc-dhcp-server': 'a DHCP server', dhcpd: 'a DHCP server', slapd: 'an LDAP server', squid: 'a proxy' },
  ...{
    named: 'a DNS server',
    bind9: 'a DNS server',
    apache2: 'a web server',
    httpd: 'a web server',
    nginx: 'a web server',
  },
  ...{ lighttpd: 'a web server', 'nfs-server': 'NFS', 'nfs-kernel-server': 'NFS', autofs: 'mounts on demand' },
  ...{ rsyncd: 'an rsync server', dovecot2: 'mail boxes', 'cyrus-imapd': 'mail boxes', 'rpc-rquotad': 'NFS' },
  ...{ smbd: 'Samba', smb: 'Samba', snmpd: 'SNMP', rsync: 'an rsync server', dovecot: 'mail boxes' },
};

export default {
  id: 'SEC-HOST-0079',
  title: 'The machine runs no services of other kinds of machines',
  severity: 'medium',
  target: 'host',
  frameworks: [
    'CIS-DIL-2.0:2.1.1',
    'CIS-DIL-2.0:2.1.2',
    'CIS-DIL-2.0:2.1.3',
    'CIS-DIL-2.0:2.1.4',
    'CIS-DIL-2.0:2.1.5',
    'CIS-DIL-2.0:2.1.6',
    'CIS-DIL-2.0:2.1.7',
    'CIS-DIL-2.0:2.1.8',
    'CIS-DIL-2.0:2.1.9',
    'CIS-DIL-2.0:2.1.10',
    'CIS-DIL-2.0:1.1.22',
    'CIS-DIL-2.0:1.7.2',
    'CIS-DIL-2.0:2.2.2',
    'CIS-DIL-2.0:2.2.3',
    'CIS-DIL-2.0:2.2.4',
    'CIS-DIL-2.0:2.2.5',
    'CIS-DIL-2.0:2.2.6',
    'CIS-DIL-2.0:2.2.7',
    'CIS-DIL-2.0:2.2.8',
    'CIS-DIL-2.0:2.2.9',
    'CIS-DIL-2.0:2.2.10',
    'CIS-DIL-2.0:2.2.11',
    'CIS-DIL-2.0:2.2.12',
    'CIS-DIL-2.0:2.2.13',
    'CIS-DIL-2.0:2.2.14',
    'CIS-DIL-2.0:2.2.16',
    'CIS-DIL-2.0:2.2.17',
    'CIS-Docker-1.6:1.2.1',
    'NIST-800-190:4.5.2',
  ],
  rationale:
    'Each service listens as long as the machine runs, with flaws and accounts of its own. What serves others belongs into a container; what belongs to a desktop, nowhere here.',
  remediation: "Run 'systemctl disable --now UNIT' for each that is named, or remove its package.",
  references: ['https://csrc.nist.gov/pubs/sp/800/190/final'],
  examples: [
    {
      good: { system: { enabledUnits: ['ssh.service', 'cups.path.d'] } },
      bad: { system: { enabledUnits: ['ssh.service', 'cups.path'] } },
    },
    {
      good: { system: { enabledUnits: ['ssh.socket'] } },
      bad: { system: { enabledUnits: ['telnet.socket'] } },
    },
  ],
  check({ system: { enabledUnits } }) {
    if (enabledUnits === undefined)
      return unknown('what the system starts cannot be told: no units of systemd, OpenRC or System V can be read');
    return verdict(
      enabledUnits.flatMap((unit) => {
        const name = /^([^@]*)(?:@.*)?\.(?:service|socket|path)$/.exec(unit)?.[1] ?? '';
        const what = Object.hasOwn(NEEDLESS, name) ? NEEDLESS[name] : undefined;
        return what === undefined
          ? []
          : [problem(unit, `${unit} is started: ${what}`, { logical: unit, path: 'etc/systemd/system' })];
      }),
    );
  },
} satisfies HostCheck;
