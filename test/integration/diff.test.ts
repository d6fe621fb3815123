// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cannotRun, errorCode, Secure } from '../support/secure.ts';

describe.skipIf(cannotRun())('secure diff', () => {
  let secure: Secure;
  beforeAll(async () => {
    secure = await Secure.create();
  });
  afterAll(() => secure.destroy());

  const diff = async (name: string, script: string) => {
    const ran = await secure.run(
      'run',
      '--name',
      name,
      '--profile',
      'baseline',
      '--user',
      '0',
      'busybox',
      'sh',
      '-ec',
      script,
    );
    expect(ran, ran.stderr).toMatchObject({ code: 0 });
    return (await secure.run('diff', name)).stdout;
  };

  it('says what was added, changed and deleted', async () => {
    const script =
      'echo x > /srv/new; mkdir -p /srv/d/e; echo x > /srv/d/e/f; rm /etc/group; echo x >> /etc/passwd; ln -s /etc/shadow /srv/l';
    expect(await diff('a', script)).toBe(
      [
        'C /etc',
        'D /etc/group',
        'C /etc/passwd',
        'C /srv',
        'A /srv/d',
        'A /srv/d/e',
        'A /srv/d/e/f',
        'A /srv/l',
        'A /srv/new',
        '',
      ].join('\n'),
    );
    expect(await secure.json('diff', 'a')).toMatchObject({
      schemaVersion: 1,
      changes: [{ mark: 'C', path: '/etc' }, {}, {}, {}, {}, {}, {}, {}, {}],
    });
  });

  it('says nothing of a container that changed nothing, and of what the runtime made to mount on', async () => {
    expect(await diff('b', 'true')).toBe('');
    expect(await diff('c', 'cat /etc/hosts > /dev/null; ls -lR /etc > /dev/null')).toBe('');
  });

  it('sees through a directory that was made anew, and a file in place of one', async () => {
    expect(await diff('d', 'chmod 700 /srv; rm /bin/sh; mkdir /bin/sh; echo x > /bin/sh/x')).toBe(
      ['C /bin', 'C /bin/sh', 'A /bin/sh/x', 'C /srv', ''].join('\n'),
    );
  });

  it('lists what is gone with a directory that is there again', async () => {
    const script =
      'cp /bin/busybox /srv; cd /srv; ./busybox rm -r /bin; ./busybox mkdir /bin; ./busybox cp busybox /bin';
    const lines = (await diff('f', script)).split('\n');
    expect(lines).toEqual(
      expect.arrayContaining(['C /bin', 'C /bin/busybox', 'D /bin/ls', 'D /bin/sh', 'A /srv/busybox']),
    );
    expect(lines.filter((line) => line.startsWith('A '))).toEqual(['A /srv/busybox']);
  });

  it('keeps hostile names from the terminal, and says that there is no such container', async () => {
    const shown = await diff('e', String.raw`cd /srv; touch "$(printf '\033[2Jx')" "$(printf '\377')"`);
    expect(shown).toBe(['C /srv', 'A /srv/\\x1b[2Jx', 'A /srv/\\xff', ''].join('\n'));
    expect(errorCode(await secure.run('diff', 'nothing'))).toBe('NO_SUCH_CONTAINER');
  });
});
