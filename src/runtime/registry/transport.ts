// SPDX-License-Identifier: Apache-2.0
// One HTTP exchange with somebody hostile: no redirect is followed, nothing is decompressed, every wait has an end.
import type { Agent, ClientRequest, IncomingMessage } from 'node:http';
import type { SecureContextOptions } from 'node:tls';
import { SecureError } from '../../errors.ts';
import { PRODUCT_VERSION } from '../../version.ts';
import type { Bytes } from '../images/sources/bytes.ts';
import { isLoopback } from './endpoint.ts';
import { connectionFailed, tooSlow } from './problems.ts';
import type { Tls } from './tls.ts';

/** Milliseconds. */
export interface Timing {
  /** How long an answer, or further content of it, may take. */
  readonly idle: number;
  /** Before the first repetition of a request; doubled each time. */
  readonly backoff: number;
  /** The longest Retry-After that is waited for. */
  readonly patience: number;
}

export const TIMING: Timing = { idle: 30_000, backoff: 500, patience: 30_000 };

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Content that is sent, which may be more than once. */
export type Body = Bytes;

export interface Call {
  readonly url: URL;
  /** GET where nothing is said. */
  readonly method?: Method;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** A form, which makes it a POST. */
  readonly form?: string;
  readonly body?: Body;
}

export interface Answer {
  readonly url: URL;
  readonly status: number;
  header(name: string): string | undefined;
  /** Every occurrence. */
  headers(name: string): readonly string[];
  /** The content as it was sent. Ending early is the end of the connection. */
  chunks(): AsyncGenerator<Buffer>;
  /** Read no more of it. */
  discard(): void;
}

const READING: ReadonlySet<string> = new Set(['GET', 'HEAD']);
/** Bytes that are given to the socket at a time, each of which must go in the time of an answer. */
const PART = 1 << 16;
/** How many times as long an answer may take after content was sent. */
const SETTLING = 10;

/** Content that arrives more slowly than this is held back on purpose: the store is locked meanwhile. */
const BYTES_PER_WINDOW = 4096;

/** Certificate authorities: those of the system where it has any, and what NODE_EXTRA_CA_CERTS adds. */
function authorities(): string[] | undefined {
  const tls = process.getBuiltinModule('node:tls');
  const system = tls.getCACertificates('system');
  return system.length === 0 ? undefined : [...system, ...tls.getCACertificates('extra')];
}

/** The certificates that count at an address; undefined: those that count for any. */
export type TlsFor = (url: URL) => Tls | undefined;

export class Transport {
  /** Milliseconds that an answer may take. */
  readonly idle: number;
  readonly #agents = new Map<string, Agent>();
  /** Set before the first request. */
  tls: TlsFor = () => undefined;

  constructor({ idle }: Timing) {
    this.idle = idle;
  }

  /** @throws SecureError REGISTRY_UNREACHABLE, REGISTRY_PROTOCOL */
  async send(call: Call): Promise<Answer> {
    try {
      return await this.#send(call);
    } catch (error) {
      throw connectionFailed(call.url.host, error);
    }
  }

  #send({ url, method, headers, signal, form, body }: Call): Promise<Answer> {
    // Asked for here: an import would load the network stack with every `secure run`.
    const { request } = process.getBuiltinModule(url.protocol === 'https:' ? 'node:https' : 'node:http');
    const content = form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' };
    const length = method === undefined || READING.has(method) ? {} : { 'content-length': String(body?.size ?? 0) };
    const options = {
      agent: this.#agent(url),
      signal,
      method: form === undefined ? (method ?? 'GET') : 'POST',
      headers: {
        'user-agent': `secure/${PRODUCT_VERSION}`,
        'accept-encoding': 'identity',
        ...content,
        ...length,
        ...headers,
      },
    };
    return new Promise((resolve, reject) => {
      let ended = false;
      const call = request(url, options, (message) => {
        end();
        resolve(this.#answer(url, message, call));
      });
      const wait = (idle: number) => setTimeout(() => call.destroy(tooSlow(url.host, idle / 1000)), idle);
      let timer = wait(this.idle);
      const end = () => {
        ended = true;
        clearTimeout(timer);
      };
      const moved = (idle: number) => {
        clearTimeout(timer);
        if (!ended) timer = wait(idle);
      };
      call.on('error', (error) => {
        end();
        reject(error);
      });
      if (body === undefined) call.end(form);
      else {
        const state = { ended: () => ended, moved: () => moved(this.idle) };
        pour(call, body, state)
          // A registry reads what it was given once more before it answers.
          .then(() => moved(this.idle * SETTLING))
          .catch((error) => call.destroy(error));
      }
    });
  }

  close(): void {
    for (const agent of this.#agents.values()) agent.destroy();
  }

  #answer(url: URL, message: IncomingMessage, call: ClientRequest): Answer {
    // Without anybody reading yet, a broken connection must not end the process.
    message.on('error', () => {});
    return {
      url,
      status: message.statusCode ?? 0,
      header: (name) => message.headersDistinct[name]?.[0],
      headers: (name) => message.headersDistinct[name] ?? [],
      chunks: () => chunks(message, url.host, this.idle),
      discard: () => {
        if (call.writableEnded && isSmall(message, call.method)) message.resume();
        else message.destroy();
      },
    };
  }

  #agent(url: URL): Agent {
    const loopback = isLoopback(url.hostname);
    const tls = url.protocol === 'https:' ? this.tls(url) : undefined;
    // What was set for one host is for no other one.
    const key = tls === undefined ? `${url.protocol}${loopback}` : url.origin;
    const known = this.#agents.get(key);
    if (known !== undefined) return known;
    const { Agent } = process.getBuiltinModule(url.protocol === 'https:' ? 'node:https' : 'node:http');
    const agent = new Agent({
      keepAlive: true,
      ...(url.protocol === 'https:' ? secureOptions(tls) : {}),
      // HTTPS_PROXY and NO_PROXY, as docker and podman obey them. This machine is reached directly.
      ...(loopback ? {} : { proxyEnv: process.env }),
    });
    this.#agents.set(key, agent);
    return agent;
  }
}

function secureOptions(tls: Tls | undefined): SecureContextOptions & { rejectUnauthorized: boolean } {
  const more = tls?.ca ?? [];
  const system =
    authorities() ?? (more.length === 0 ? undefined : process.getBuiltinModule('node:tls').rootCertificates);
  return {
    // Said, because NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment changes what is not.
    rejectUnauthorized: !(tls?.insecure ?? false),
    ...(system === undefined ? {} : { ca: [...system, ...more] }),
    ...(tls?.cert === undefined || tls.key === undefined ? {} : { cert: tls.cert, key: tls.key }),
  };
}

/** Content that is read to keep its connection, which costs more to make than this to read. */
const SMALL = 16 << 10;

function isSmall({ headers, statusCode }: IncomingMessage, method: string): boolean {
  return method === 'HEAD' || statusCode === 204 || Number(headers['content-length'] ?? Number.NaN) <= SMALL;
}

/** Send content as fast as it is taken, and no more of it once there is an answer: a refusal may come before its end. */
async function pour(call: ClientRequest, body: Body, state: { ended(): boolean; moved(): void }): Promise<void> {
  for await (const chunk of body.chunks()) {
    for (let at = 0; at < chunk.length; at += PART) {
      if (state.ended()) return;
      // The next chunk may lie in the same memory: it is not read before this one is gone.
      await new Promise<void>((resolve, reject) => {
        call.write(chunk.subarray(at, at + PART), (error) => (error ? reject(error) : resolve()));
      });
      state.moved();
    }
  }
  if (!state.ended()) call.end();
}

/** Waiting is measured, not the time in between: a slow disk of ours is not the registry's fault. */
async function* chunks(message: IncomingMessage, host: string, idle: number): AsyncGenerator<Buffer> {
  const iterator = message[Symbol.asyncIterator]();
  let [waited, received] = [0, 0];
  try {
    for (;;) {
      const since = performance.now();
      const timer = setTimeout(() => message.destroy(tooSlow(host, idle / 1000)), idle);
      const { value, done } = await iterator.next().finally(() => clearTimeout(timer));
      if (done) return;
      const chunk = value as Buffer;
      waited += performance.now() - since;
      received += chunk.length;
      if (waited >= idle) {
        if (received < BYTES_PER_WINDOW) throw tooSlow(host, idle / 1000);
        [waited, received] = [0, 0];
      }
      yield chunk;
    }
  } catch (error) {
    throw connectionFailed(host, error);
  } finally {
    message.destroy();
  }
}

/** All of an answer's content; more than `limit` bytes is refused as soon as they are there. */
export async function readBody(answer: Answer, limit: number, what: string): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer.chunks()) {
    size += chunk.length;
    if (size > limit) {
      throw new SecureError('LIMIT_EXCEEDED', `registry ${answer.url.host}: ${what} is larger than ${limit} bytes`);
    }
    parts.push(chunk);
  }
  return Buffer.concat(parts);
}
