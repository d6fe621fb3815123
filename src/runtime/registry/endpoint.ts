// SPDX-License-Identifier: Apache-2.0
// Where a registry is reached, and what counts as this machine.
import { SecureError } from '../../errors.ts';

/** Docker Hub is called docker.io and answers elsewhere. */
const HOSTS: Readonly<Record<string, string>> = { 'docker.io': 'registry-1.docker.io' };

/** True for a URL's host name that cannot leave this machine. Only there may a registry speak plain http. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

/** `https://HOST[:PORT]`. @throws SecureError REFERENCE_INVALID, also for `localhost` without a port, which is no registry. */
export function registryUrl(registry: string): URL {
  if (registry === 'localhost') {
    throw new SecureError(
      'REFERENCE_INVALID',
      'localhost/NAME is the name of an image of this host, which no registry has',
      {
        hint: 'a registry on this host is written with its port: localhost:5000/NAME',
      },
    );
  }
  const url = URL.parse(`https://${HOSTS[registry] ?? registry}`);
  if (url !== null) return url;
  throw new SecureError('REFERENCE_INVALID', `${JSON.stringify(registry)} is no address of a registry`, {
    hint: 'it is a host name or an IP address, with a port where it needs one: registry.example:5000',
  });
}

/**
 * Whether a request may go from one place to the next, which an answer named: never from TLS to plain http, never with a
 * password in the address; plain http stays on this machine, where it must have begun, or at the one registry that was declared insecure.
 */
export function mayFollow(from: URL, to: URL): boolean {
  if (to.username !== '' || to.password !== '') return false;
  if (to.protocol === 'https:' || (to.protocol === 'http:' && to.origin === from.origin)) return true;
  return to.protocol === 'http:' && isLoopback(to.hostname) && isLoopback(from.hostname);
}
