// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import { parsePublish } from '../../../src/cli/values/port.ts';

const parse = (text: string) =>
  parsePublish('--publish', text).map(({ protocol, hostAddress = '-', hostPort = '-', containerPort }) =>
    [hostAddress, hostPort, containerPort, protocol].join(' '),
  );

it.each<[string, string[]]>([
  ['80', ['- - 80 tcp']],
  ['8080:80', ['- 8080 80 tcp']],
  ['53:53/udp', ['- 53 53 udp']],
  ['127.0.0.1:8080:80/tcp', ['127.0.0.1 8080 80 tcp']],
  ['127.0.0.1::80', ['127.0.0.1 - 80 tcp']],
  ['127.0.0.1:80', ['127.0.0.1 - 80 tcp']],
  ['0.0.0.0:1:65535', ['0.0.0.0 1 65535 tcp']],
  ['[::1]:8080:80', ['::1 8080 80 tcp']],
  ['[::]::80', [':: - 80 tcp']],
  ['[::]:80', [':: - 80 tcp']],
  ['[2001:DB8:0:0::7]:443:8443', ['2001:db8::7 443 8443 tcp']],
  ['8000-8002:80-82', ['- 8000 80 tcp', '- 8001 81 tcp', '- 8002 82 tcp']],
  ['7000-7001/udp', ['- - 7000 udp', '- - 7001 udp']],
  ['80-80:90', ['- 80 90 tcp']],
])('%s', (text, expected) => {
  expect(parse(text)).toEqual(expected);
});

it.each([
  '',
  ':',
  '80:',
  ':80',
  '::80',
  '0',
  '0:80',
  '80:0',
  '65536',
  '80:65536',
  '-80',
  '80-',
  '+80',
  '0x50',
  ' 80',
  '80 ',
  '8e1',
  '80/sctp',
  '80/TCP',
  '80/',
  '80/tcp/udp',
  '82-80',
  '8000-8002:80-81',
  '8000-8010:80',
  '80:90-91',
  '1-65535',
  '::1:8080:80',
  '[]:80:80',
  '[127.0.0.1]:80:80',
  '[::1:80:80',
  '[fe80::1%eth0]:80:80',
  '[::ffff:127.0.0.1]:80:80',
  '[::ffff:7f00:1]:80:80',
  'localhost:80:80',
  '127.1:80:80',
  '127.0.0.01:80:80',
  '256.0.0.1:80:80',
  '1.2.3.4.5:80:80',
  '1.2.3:80:80',
  '127.0.0.1:80:80:80',
  '80\0',
  '80\n',
  '127.0.0.1\n:80:80',
  '9'.repeat(100_000),
  `${'['.repeat(50_000)}`,
])('%j is refused', (text) => {
  expect(() => parse(text)).toThrowError(
    expect.objectContaining({ code: 'INVALID_VALUE', hint: expect.stringContaining('expected') }),
  );
});

it('says what is wrong, not only that something is', () => {
  const hint = (text: string): string => {
    try {
      parse(text);
    } catch (error) {
      return (error as { hint: string }).hint;
    }
    throw new Error('not refused');
  };
  expect(hint('8000-8010:80')).toContain('the same length: 11 and 1');
  expect(hint('70000:80')).toContain('1 to 65535, which 70000 is not');
  expect(hint('::1:8080:80')).toContain('brackets');
  expect(hint('localhost:80:80')).toContain('numbers');
});
