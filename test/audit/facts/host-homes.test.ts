// SPDX-License-Identifier: Apache-2.0
// Programs and homes, from a tree of files: whoever owns a home lays what he likes into it.
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CHECKS } from '../../../src/audit/checks/index.ts';
import { relativeEntries } from '../../../src/audit/facts/host/programs.ts';
import { collectHost, type HostFacts } from '../../../src/audit/facts/host.ts';
import { temporaryDirectory } from '../../support/store.ts';

interface Entry {
  readonly text?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly link?: string;
}
const PASSWD = 'root:x:0:0::/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\nweb:x:33:33::/home/web:/bin/sh\n';

/** Without a text it is a directory. */
function tree(entries: Readonly<Record<string, Entry>>): string {
  const root = temporaryDirectory();
  mkdirSync(join(root, 'etc'));
  writeFileSync(join(root, 'etc/passwd'), PASSWD);
  for (const [path, { text, mode, uid = 0, link }] of Object.entries(entries)) {
    const place = join(root, path);
    mkdirSync(dirname(place), { recursive: true });
    if (link !== undefined) symlinkSync(link, place);
    else if (text === undefined) mkdirSync(place, { recursive: true });
    else writeFileSync(place, text);
    if (link !== undefined) continue;
    chownSync(place, uid, uid);
    chmodSync(place, mode ?? (text === undefined ? 0o755 : 0o644));
  }
  return root;
}
function said(id: string, facts: HostFacts): string | readonly string[] {
  const verdict = CHECKS.host.find((check) => check.id === id)?.check(facts);
  return verdict?.status === 'fail'
    ? verdict.problems.map(({ message }) => message)
    : (verdict?.status ?? 'no such check');
}

describe('homes', () => {
  const home = { 'home/alice': { uid: 1000, mode: 0o700 } };

  it('of people and of root are looked at, and those of services are not', async () => {
    const facts = await collectHost(tree({ ...home, root: {}, 'home/web': { uid: 33 } }));
    expect(facts.homes?.homes.map(({ path }) => path)).toEqual(['/root', '/home/alice']);
    expect(said('SEC-HOST-0134', facts)).toBe('pass');
  });

  it.each([
    ['.bashrc', { text: '', uid: 1000, mode: 0o666 }, 'has mode 0666: everybody can change it'],
    ['.ssh/authorized_keys', { text: '', uid: 1001, mode: 0o600 }, 'belongs to user 1001'],
    ['.netrc', { text: '', uid: 1000, mode: 0o644 }, 'has mode 0644: everybody can read it'],
    ['.config/containers/auth.json', { text: '{}', uid: 1000, mode: 0o604 }, 'has mode 0604: everybody can read it'],
    ['.rhosts', { text: '+', uid: 1000, mode: 0o600 }, 'lets others in who prove nothing'],
  ])('with %s', async (path, entry, what) => {
    const facts = await collectHost(tree({ ...home, [`home/alice/${path}`]: entry }));
    expect(said('SEC-HOST-0134', facts)).toEqual([`"/home/alice/${path}" of "alice" ${what}`]);
  });

  it.each([
    // umask 002, with a group of one's own.
    ['.bashrc', { text: '', uid: 1000, mode: 0o664 }],
    ['.ssh/authorized_keys', { text: '', uid: 0, mode: 0o644 }],
    ['.docker/config.json', { text: '{}', uid: 1000, mode: 0o600 }],
  ])('with %s as they should be', async (path, entry) => {
    expect(said('SEC-HOST-0134', await collectHost(tree({ ...home, [`home/alice/${path}`]: entry })))).toBe('pass');
  });

  it('that belong to somebody else are told, and nothing in them is believed', async () => {
    const facts = await collectHost(tree({ 'home/alice': { uid: 1001 }, 'home/alice/.rhosts': { text: '+' } }));
    expect(said('SEC-HOST-0134', facts)).toEqual(['/home/alice, the home of "alice", belongs to somebody else']);
  });

  it('are not left by a link, and no FIFO is waited for', async () => {
    const root = tree({
      ...home,
      'home/alice/.netrc': { link: '/etc/passwd' },
      'home/alice/.docker': { link: '../../etc' },
      'etc/config.json': { text: '{}', mode: 0o666 },
    });
    execFileSync('mkfifo', ['-m', '600', join(root, 'home/alice/.pgpass')]);
    chownSync(join(root, 'home/alice/.pgpass'), 1000, 1000);
    const facts = await collectHost(root);
    expect(Object.keys(facts.homes?.homes[0]?.files ?? {})).toEqual(['', '.pgpass']);
    expect(said('SEC-HOST-0134', facts)).toBe('pass');
  });

  it('on a server are not waited for, and unknown', async () => {
    const mountinfo = '21 1 8:1 / / rw - ext4 /dev/sda1 rw\n22 21 0:9 / /home rw - nfs4 server:/home rw\n';
    const facts = await collectHost(tree({ ...home, 'proc/self/mountinfo': { text: mountinfo } }));
    expect(facts.homes?.problem).toBe('/home/alice is on a server');
    expect(said('SEC-HOST-0134', facts)).toBe('unknown');
  });

  it('that are closed to who looks are unknown', async () => {
    const root = tree({ ...home, 'home/alice/.bashrc': { text: '', uid: 1000 } });
    chmodSync(root, 0o755);
    const script = `
      const { collectHost } = await import(${JSON.stringify(join(import.meta.dirname, '../../../src/audit/facts/host.ts'))});
      process.setgroups([]);
      process.setgid(1001);
      process.setuid(1001);
      console.log((await collectHost(${JSON.stringify(root)})).homes.problem);
    `;
    const said = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(said.trim()).toBe('/home/alice cannot be looked at: audit as root');
  });

  it('of an account file that cannot be read are unknown', async () => {
    const root = temporaryDirectory();
    mkdirSync(join(root, 'etc/passwd'), { recursive: true });
    expect(said('SEC-HOST-0134', await collectHost(root))).toBe('unknown');
  });
});

describe('programs', () => {
  const file = (mode: number, uid = 0): Entry => ({ text: '', mode, uid });

  it('that others can change, and their directories', async () => {
    const facts = await collectHost(
      tree({
        'usr/bin': { mode: 0o755 },
        'usr/bin/fine': file(0o755),
        'usr/bin/loose': file(0o757),
        'usr/local/bin': { mode: 0o777 },
        'usr/local/bin/own': file(0o755, 1000),
        // at: its owner is an account of the system, as which it runs.
        'usr/bin/at': file(0o6755, 2),
        bin: { link: 'usr/bin' },
      }),
    );
    expect(facts.programs?.loose).toEqual(['/usr/local/bin', '/usr/local/bin/own', '/usr/bin/loose']);
    expect(said('SEC-HOST-0131', facts)).toEqual([
      '/usr/local/bin has mode 0777: everybody can change it',
      '/usr/local/bin/own belongs to user 1000, who can change it',
      '/usr/bin/loose has mode 0757: everybody can change it',
    ]);
    expect(facts.programs?.setId).toEqual(['/usr/bin/at']);
    expect(said('SEC-HOST-0132', facts)).toBe('pass');
  });

  it('with a bit that they were not made for', async () => {
    const facts = await collectHost(tree({ 'usr/bin/su': file(0o4755), 'usr/bin/bash': file(0o4755) }));
    expect(said('SEC-HOST-0132', facts)).toEqual(['/usr/bin/bash has mode 4755: it runs as user 0, whoever starts it']);
  });

  it.each([
    ['PATH=/usr/bin:/bin', []],
    ['export PATH="$PATH:$HOME/bin:~/bin"', []],
    ['PATH=$PATH:.', ['.']],
    ['PATH=/usr/bin::/bin', ['']],
    ["PATH='bin:/bin'; export PATH", ['bin']],
    ['# PATH=.', []],
    ['MANPATH=.', []],
  ])('are looked for by %s in %j', (text, entries) => {
    expect(relativeEntries(text)).toEqual(entries);
  });
});

it('a program with a name that is no text hides nowhere', async () => {
  const root = tree({ 'usr/bin/at': { text: '', mode: 0o4755 } });
  expect(said('SEC-HOST-0132', await collectHost(root))).toBe('pass');
  const name = Buffer.concat([Buffer.from(join(root, 'usr/bin/sh')), Buffer.from('ff', 'hex')]);
  writeFileSync(name, '');
  chmodSync(name, 0o4755);
  expect(said('SEC-HOST-0132', await collectHost(root))).toBe('unknown');
});

describe('mail', () => {
  const unit = { 'etc/systemd/system/multi-user.target.wants/postfix.service': { text: '' } };
  it.each([
    ['inet_interfaces = loopback-only\n', 'pass'],
    ['inet_interfaces = all\ninet_interfaces = localhost # own\n', 'pass'],
    ['# inet_interfaces = loopback-only\n', ['postfix.service listens at "all"']],
    ['inet_interfaces = 127.0.0.1, 10.0.0.1\n', ['postfix.service listens at "127.0.0.1, 10.0.0.1"']],
  ])('by %j: %j', async (text, verdict) => {
    expect(said('SEC-HOST-0136', await collectHost(tree({ ...unit, 'etc/postfix/main.cf': { text } })))).toEqual(
      verdict,
    );
  });

  it('is unknown where its configuration cannot be read', async () => {
    expect(said('SEC-HOST-0136', await collectHost(tree({ ...unit, 'etc/postfix/main.cf': {} })))).toBe('unknown');
  });
});
