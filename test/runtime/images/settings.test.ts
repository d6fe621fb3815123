// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { formatBytes } from '../../../src/runtime/images/format.ts';
import { formatPlatform, matchesPlatform, parsePlatform } from '../../../src/runtime/images/oci/platform.ts';
import { parseSettings, type SettingsText } from '../../../src/runtime/images/settings.ts';
import { codeOf } from '../../support/store.ts';

describe('parseSettings', () => {
  it('reads commands as words or as JSON', () => {
    expect(parseSettings({ cmd: ' /bin/sh -l ' }).cmd).toEqual(['/bin/sh', '-l']);
    expect(parseSettings({ entrypoint: '["nginx", "-g", "daemon off;"]' }).entrypoint).toEqual([
      'nginx',
      '-g',
      'daemon off;',
    ]);
  });

  it('reads ports, labels and the rest', () => {
    const text = {
      port: ['080', '53/udp'],
      label: ['a=b=c', 'd='],
      env: ['X='],
      user: '65532:www-data',
      workdir: '/srv',
    };
    expect(parseSettings(text)).toEqual({
      exposedPorts: ['80/tcp', '53/udp'],
      labels: { a: 'b=c', d: '' },
      env: ['X='],
      user: '65532:www-data',
      workingDir: '/srv',
    });
  });

  const refused: SettingsText[] = [
    ...['', ' ', '[]', '[1]', '["a"', '["\\u0000"]', 'sh -c "a"', 'a && b', 'a $B', 'a > b'].map((cmd) => ({ cmd })),
    ...['0', '65536', '-1', '80/icmp', '1.5', ' 80', '8080:80'].map((port) => ({ port: [port] })),
    ...['', '-1', 'a:', ':a', 'a b', 'a:b:c', 'ü'].map((user) => ({ user })),
    ...['X', '=x', 'A=\0'].map((entry) => ({ env: [entry] })),
    { workdir: 'relative' },
    { label: ['x'] },
  ];
  it.each(refused)('refuses %j', async (text) => expect(await codeOf(() => parseSettings(text))).toBe('INVALID_VALUE'));
});

describe('platforms', () => {
  it('match with the default variant of their architecture', () => {
    const matches = (offered: string, wanted: string) => matchesPlatform(parsePlatform(offered), parsePlatform(wanted));
    expect(matches('linux/arm64/v8', 'linux/arm64')).toBe(true);
    expect(matches('linux/arm64', 'linux/arm64/v8')).toBe(true);
    expect(matches('linux/arm/v6', 'linux/arm')).toBe(false);
    expect(matches('linux/amd64/v3', 'linux/amd64')).toBe(false);
    expect(matches('windows/amd64', 'linux/amd64')).toBe(false);
    expect(formatPlatform(parsePlatform('linux/arm/v6'))).toBe('linux/arm/v6');
  });

  it.each(['', 'linux', 'linux/', '/amd64', 'linux/amd64/', 'a/b/c/d', 'Linux/amd64'])('%j is none', async (text) => {
    expect(await codeOf(() => parsePlatform(text))).toBe('INVALID_VALUE');
  });
});

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [99_949, '99.9 kB'],
  [99_950, '100 kB'],
  [999_499, '999 kB'],
  [999_500, '1.0 MB'],
  [2_150_400, '2.2 MB'],
  [2 ** 60, '1153 PB'],
])('%d bytes are %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));
