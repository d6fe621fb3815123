// SPDX-License-Identifier: Apache-2.0
// A request as its caller means it: redirects followed, and what may pass by itself tried again, both within bounds.
import { setTimeout as delay } from 'node:timers/promises';
import { isLoopback, mayFollow } from './endpoint.ts';
import { answersHandshake } from './handshake.ts';
import { isBroken, protocol, rateLimited, speaksNoTls, unavailable } from './problems.ts';
import type { Answer, Call, Timing, Transport } from './transport.ts';

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const REDIRECT_LIMIT = 5;
const REPETITIONS = 2;

function target(from: URL, location: string | undefined): URL {
  const to = location === undefined || location.length > 8192 ? null : URL.parse(location, from.href);
  if (to === null) throw protocol(from.host, 'it redirects to nowhere');
  if (mayFollow(from, to)) return to;
  throw protocol(from.host, `it redirects to ${to.protocol}//${to.host}, which is not allowed from ${from.protocol}//`);
}

/** Send a request once. Redirects are followed, but not with what is to be stored. What authorizes at one origin is not shown to another, nor again further on (CVE-2018-1000007). */
export async function follow(transport: Transport, first: Call): Promise<Answer> {
  let call = first;
  for (let hop = 0; hop <= REDIRECT_LIMIT; hop++) {
    const answer = await transport.send(call);
    if (!REDIRECTS.has(answer.status)) return answer;
    answer.discard();
    // A form may hold a refresh token. What is uploaded has its place from Location, of an answer that is no redirect.
    if (call.form !== undefined) throw protocol(call.url.host, 'it redirects a request for a token');
    if (call.method !== undefined && call.method !== 'GET' && call.method !== 'HEAD') {
      throw protocol(call.url.host, 'it redirects what was sent to be stored');
    }
    const url = target(call.url, answer.header('location'));
    const { authorization: _, ...others } = call.headers;
    call = { ...call, url, headers: url.origin === call.url.origin ? call.headers : others };
  }
  throw protocol(first.url.host, `it redirects more than ${REDIRECT_LIMIT} times`);
}

/** Milliseconds of a Retry-After (RFC 9110, 10.2.3), NaN when it is unreadable. */
function retryAfter(text: string): number {
  return /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Math.max(0, Date.parse(text) - Date.now());
}

/**
 * How long to wait before asking again, undefined when the answer is final.
 * @throws SecureError REGISTRY_UNREACHABLE, REGISTRY_RATE_LIMITED when `limit` attempts were not enough
 */
export function pause(
  answer: Answer,
  attempt: number,
  { backoff, patience }: Timing,
  limit: number,
): number | undefined {
  const { status, url } = answer;
  if (status !== 429 && status < 500) return undefined;
  const asked = answer.header('retry-after');
  const wait = asked === undefined ? backoff * 2 ** attempt : retryAfter(asked);
  if (attempt < limit && wait <= patience) return wait;
  answer.discard();
  throw status === 429 ? rateLimited(url.host, asked) : unavailable(url.host, status);
}

/**
 * Send a request. 429, 5xx and broken connections are tried again, twice.
 * @throws SecureError REGISTRY_UNREACHABLE, REGISTRY_RATE_LIMITED, REGISTRY_PROTOCOL
 */
export async function exchange(transport: Transport, call: Call, timing: Timing): Promise<Answer> {
  for (let attempt = 0; ; attempt++) {
    let wait: number | undefined;
    try {
      const answer = await follow(transport, call);
      wait = pause(answer, attempt, timing, REPETITIONS);
      if (wait === undefined) return answer;
      answer.discard();
    } catch (error) {
      if (!isBroken(error) || attempt >= REPETITIONS) throw error;
      wait = timing.backoff * 2 ** attempt;
    }
    await delay(wait, undefined, { signal: call.signal });
  }
}

/** Where the registry answers. That may be plain http on loopback and where it was declared insecure, as with docker and podman: TLS is tried first. */
export async function findBase(transport: Transport, base: URL, signal: AbortSignal, insecure: boolean): Promise<URL> {
  if (!isLoopback(base.hostname) && !insecure) return base;
  const plain = new URL(`http://${base.host}`);
  if (isLoopback(base.hostname) && !(await answersHandshake(base, transport.idle, signal))) return plain;
  try {
    (await transport.send({ url: new URL('/v2/', base), headers: {}, signal })).discard();
    return base;
  } catch (error) {
    if (!speaksNoTls(error)) throw error;
    return plain;
  }
}
