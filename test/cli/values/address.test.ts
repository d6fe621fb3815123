// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { parseDnsOption, parseDomain, parseHost, parseServer } from '../../../src/cli/values/address.ts';
import { canonicalAddress } from '../../../src/runtime/address.ts';

const refused = expect.objectContaining({ code: 'INVALID_VALUE' });

describe('addresses have one spelling', () => {
  it.each([
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    ['::', '::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['2001:DB8::00:1', '2001:db8::1'],
  ])('%s is %s', (text, canonical) => {
    expect(canonicalAddress(text)).toBe(canonical);
  });
  it.each([
    '',
    '1.2.3',
    '1.2.3.4.',
    '01.2.3.4',
    '1.2.3.256',
    '0x7f.0.0.1',
    '2130706433',
    '::1%lo',
    ':::',
    '1::2::3',
    'g::',
    '::ffff:1.2.3.4',
    '::ffff:102:304',
    '[::1]',
    '::1/64',
    'a'.repeat(1e6),
  ])('%j is none', (text) => {
    expect(canonicalAddress(text)).toBeUndefined();
  });
});

it('--dns takes the address of a server', () => {
  expect(parseServer('--dns', '2620:FE::fe')).toBe('2620:fe::fe');
  for (const text of ['', 'one.one.one.one', '0.0.0.0', '::', '1.1.1.1:53', '1.1.1.1\nnameserver 2.2.2.2'])
    expect(() => parseServer('--dns', text), text).toThrowError(refused);
});

it('--dns-search takes a domain', () => {
  for (const text of ['.', 'corp.example', 'a.b.', '_tcp.x']) expect(parseDomain('--dns-search', text)).toBe(text);
  for (const text of ['', '..', 'a..b', '-a', 'a b', 'a\noptions x', `${'a.'.repeat(130)}a`, 'a'.repeat(64)])
    expect(() => parseDomain('--dns-search', text), text).toThrowError(refused);
});

it('--dns-option takes a word of resolv.conf', () => {
  for (const text of ['ndots:2', 'rotate', 'single-request-reopen'])
    expect(parseDnsOption('--dns-option', text)).toBe(text);
  for (const text of ['', 'ndots:', 'NDOTS:1', 'a b', 'ndots:1\nnameserver 1.1.1.1', ':1'])
    expect(() => parseDnsOption('--dns-option', text), text).toThrowError(refused);
});

it('--add-host takes a name and an address, or the host itself', () => {
  expect(parseHost('--add-host', 'db.internal:10.1.2.3')).toEqual({ name: 'db.internal', address: '10.1.2.3' });
  expect(parseHost('--add-host', 'six:[2001:db8::1]')).toEqual({ name: 'six', address: '2001:db8::1' });
  expect(parseHost('--add-host', 'six:2001:db8::1')).toEqual({ name: 'six', address: '2001:db8::1' });
  expect(parseHost('--add-host', 'host.internal:host-gateway').address).toBe('host-gateway');
  for (const text of [
    '',
    'a',
    ':1.2.3.4',
    'a:',
    'a:b',
    'a b:1.2.3.4',
    'a\n1.1.1.1 bank:1.2.3.4',
    'a:1.2.3.4\nx',
    'a:host-gateway ',
    '#:1.2.3.4',
  ])
    expect(() => parseHost('--add-host', text), text).toThrowError(refused);
});
