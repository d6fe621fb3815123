// SPDX-License-Identifier: Apache-2.0
// resolv.conf(5) of the host, as far as a container can use it.
import { canonicalAddress, isLoopback } from '../address.ts';
import type { Inputs } from '../inputs.ts';
import type { Resolver } from '../plan/types.ts';

const LIMIT = 64 * 1024;
export const RESOLV_CONF = '/etc/resolv.conf';
/** What systemd-resolved would ask itself, where the other file names only its stub. */
export const UPSTREAM = '/run/systemd/resolve/resolv.conf';

/**
 * The last `search` or `domain` counts, options add up. Left out: servers on the host's loopback or behind one of its links,
 * and trust-ad, which says of a server on this host that its word about DNSSEC can be believed.
 */
export function parseResolver(text: string): Resolver {
  const nameservers: string[] = [];
  let search: string[] = [];
  const options: string[] = [];
  for (const line of text.split('\n')) {
    const [key, ...values] = line.trim().split(/\s+/);
    if (key === 'nameserver') {
      const address = canonicalAddress(values[0] ?? '');
      if (address !== undefined && !isLoopback(address)) nameservers.push(address);
    } else if (key === 'search') search = values;
    else if (key === 'domain') search = values.slice(0, 1);
    else if (key === 'options') options.push(...values);
  }
  const plain = (word: string): boolean => /^[A-Za-z0-9_.:-]{1,253}$/.test(word);
  return {
    nameservers: [...new Set(nameservers)],
    search: search.filter(plain),
    options: options.filter((option) => plain(option) && option !== 'trust-ad'),
  };
}

/** @throws SecureError INVALID_VALUE: the file is too long or cannot be read. */
export function readResolver(inputs: Inputs): Resolver {
  const read = (path: string): string => inputs.read(path, LIMIT)?.data.toString('utf8') ?? '';
  const own = parseResolver(read(RESOLV_CONF));
  if (own.nameservers.length > 0) return own;
  const { nameservers } = parseResolver(read(UPSTREAM));
  return { ...own, nameservers };
}
