// SPDX-License-Identifier: Apache-2.0
// Addresses as text, each in one spelling, so that comparing text compares addresses.

/** Four decimal numbers without leading zeros: 010 is 8 to some and 10 to others. */
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

/**
 * An address in its one spelling, undefined for everything else: names, zones, and IPv4 in the dress of IPv6, which is
 * another socket than it looks like.
 */
export function canonicalAddress(text: string): string | undefined {
  if (IPV4.test(text)) return text;
  if (text.length > 45 || !/^[0-9A-Fa-f:]*:[0-9A-Fa-f:]*$/.test(text)) return undefined;
  try {
    // RFC 5952, by the parser of URLs.
    const address = new URL(`http://[${text}]/`).hostname.slice(1, -1);
    return address.startsWith('::ffff:') && address !== '::ffff:0' ? undefined : address;
  } catch {
    return undefined;
  }
}

/** Of this machine alone: what is asked there, the machine itself answers. */
export const isLoopback = (address: string): boolean => address.startsWith('127.') || address === '::1';
