// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import { parseResolver } from '../../../src/runtime/host/resolver.ts';

it('keeps what a container can use', () => {
  const text = [
    '# comment',
    'nameserver 127.0.0.53',
    'nameserver 9.9.9.9 # trailing',
    '\tnameserver   2620:FE::fe',
    'nameserver 9.9.9.9',
    'nameserver ::1',
    'nameserver fe80::1%eth0',
    'nameserver nonsense',
    'nameserver',
    'domain old.example',
    'search a.example b.example',
    'options edns0 trust-ad',
    'options ndots:3',
  ].join('\n');
  expect(parseResolver(text)).toEqual({
    nameservers: ['9.9.9.9', '2620:fe::fe'],
    search: ['a.example', 'b.example'],
    options: ['edns0', 'ndots:3'],
  });
});

it('a domain is a search list of one, and the last word counts', () => {
  expect(parseResolver('search a b\ndomain c d').search).toEqual(['c']);
  expect(parseResolver('').search).toEqual([]);
});

it('what would end a line or hold control characters is left out', () => {
  expect(parseResolver('search a\u0000b good\roptions\noptions x\u001b[2J').search).toEqual(['good', 'options']);
  expect(parseResolver('options x\u001b[2J y').options).toEqual(['y']);
});
