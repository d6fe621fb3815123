// SPDX-License-Identifier: Apache-2.0
// SECURE_BRIDGE, SECURE_SUBNET4, SECURE_SUBNET6 and the same in configuration files, checked before anything is made of them.
import { canonicalAddress } from '../address.ts';
import type { NetworkSettings } from '../plan/types.ts';

export const DEFAULT_NETWORK: NetworkSettings = {
  bridge: 'secure0',
  subnet4: '10.203.0.0/16',
  subnet6: 'fd7c:5ec0:e01::/64',
};
export const NETWORK_KEYS = ['bridge', 'subnet4', 'subnet6'] as const;
export type NetworkKey = (typeof NETWORK_KEYS)[number];

/** What is wrong with a value, as the end of "NAME is …". */
export interface Wrong {
  readonly wrong: string;
  readonly expected: string;
}
export type Checked<T> = { readonly value: T } | Wrong;

const EXPECTED: Readonly<Record<NetworkKey, string>> = {
  bridge: 'the name of a device: a letter, then letters, digits, ".", "_" and "-", lower case, at most 15',
  subnet4: 'a private IPv4 network of /8 to /29, such as 10.203.0.0/16',
  subnet6: 'an IPv6 network of /16 to /112, such as fd7c:5ec0:e01::/64, or none',
};

const wrong = (key: NetworkKey, why: string): Wrong => ({ wrong: why, expected: EXPECTED[key] });

/** Split `ADDRESS/LENGTH`, undefined for what is neither. */
function prefix(text: string): { address: string; length: number } | undefined {
  const [, typed = '', digits = ''] = /^([^/]+)\/([1-9]\d{0,2})$/.exec(text) ?? [];
  const address = canonicalAddress(typed);
  return address === undefined ? undefined : { address, length: Number(digits) };
}

const toNumber = (address: string): number => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);

function subnet4(text: string): Checked<string> {
  const found = prefix(text);
  if (found === undefined || found.address.includes(':')) return wrong('subnet4', 'no IPv4 network');
  const { address, length } = found;
  if (length < 8 || length > 29) return wrong('subnet4', `of length /${length}`);
  if (toNumber(address) % 2 ** (32 - length) !== 0) return wrong('subnet4', 'not the first address of its network');
  const [first = 0] = address.split('.').map(Number);
  if (first === 0 || first === 127 || first >= 224 || address.startsWith('169.254.'))
    return wrong('subnet4', 'in a range that hosts cannot have');
  return { value: `${address}/${length}` };
}

function toBits(address: string): bigint {
  const [head = '', tail] = address.split('::');
  const words = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const [before, after] = [words(head), words(tail ?? '')];
  const zeros = Array<string>(8 - before.length - after.length).fill('0');
  return [...before, ...zeros, ...after].reduce((sum, word) => (sum << 16n) | BigInt(`0x${word}`), 0n);
}

function subnet6(text: string): Checked<string | null> {
  if (text === 'none') return { value: null };
  const found = prefix(text);
  if (found === undefined || !found.address.includes(':')) return wrong('subnet6', 'no IPv6 network');
  const { address, length } = found;
  if (length < 16 || length > 112) return wrong('subnet6', `of length /${length}`);
  const bits = toBits(address);
  if (bits & ((1n << BigInt(128 - length)) - 1n)) return wrong('subnet6', 'not the first address of its network');
  const top = bits >> 118n;
  // fe80::/10, ff00::/8, and the range of ::, ::1 and IPv4 in other dress.
  if (top === 0x3fan || bits >> 120n === 0xffn || bits >> 112n === 0n)
    return wrong('subnet6', 'in a range that hosts cannot have');
  return { value: `${address}/${length}` };
}

/** docs/network.md: it is a device and a table. */
function bridge(text: string): Checked<string> {
  return /^[a-z][a-z0-9_.-]{0,14}$/.test(text) ? { value: text } : wrong('bridge', 'no name for a bridge');
}

/** The value of one setting, in its one spelling. */
export const checkSetting: { readonly [K in NetworkKey]: (text: string) => Checked<NetworkSettings[K]> } = {
  bridge,
  subnet4,
  subnet6,
};
