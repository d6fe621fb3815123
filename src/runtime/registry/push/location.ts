// SPDX-License-Identifier: Apache-2.0
// Where an upload goes on: what the registry names in Location, within the rules of redirects.
import { mayFollow } from '../endpoint.ts';
import { protocol } from '../problems.ts';
import type { Answer } from '../transport.ts';

const LOCATION_LIMIT = 8192;

/** @throws SecureError REGISTRY_PROTOCOL: it is none, or leads where nothing may be sent */
export function locationOf(answer: Answer): URL {
  const location = answer.header('location');
  const to = location === undefined || location.length > LOCATION_LIMIT ? null : URL.parse(location, answer.url.href);
  const { host } = answer.url;
  if (to === null) throw protocol(host, 'it does not say where to upload to');
  if (mayFollow(answer.url, to)) return to;
  throw protocol(
    host,
    `it has the upload go to ${to.protocol}//${to.host}, which is not allowed from ${answer.url.protocol}//`,
  );
}

/** The address that ends an upload. What is in it already is kept letter for letter: it may be signed. */
export function finished(location: URL, digest: string): URL {
  const to = new URL(location);
  to.search = `${to.search === '' ? '?' : `${to.search}&`}digest=${encodeURIComponent(digest)}`;
  return to;
}

/** How many bytes of an upload are there: Range is `0-LAST`. Undefined where the registry does not say. @throws SecureError REGISTRY_PROTOCOL */
export function received(answer: Answer): number | undefined {
  const text = answer.header('range');
  if (text === undefined) return undefined;
  const match = /^(?:bytes=)?0-(\d{1,15})$/.exec(text);
  if (match === null)
    throw protocol(answer.url.host, `its Range ${JSON.stringify(text.slice(0, 40))} is none of an upload`);
  return Number(match[1]) + 1;
}
