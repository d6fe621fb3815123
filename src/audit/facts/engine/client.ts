// SPDX-License-Identifier: Apache-2.0
// Questions to an engine that speaks docker's API on a Unix socket: docker itself, and podman. Nothing is started for them. The engine is
// not trusted: all answers together may take five seconds, and each may have a bounded size.
import { writeSync } from 'node:fs';
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';

/** Of all questions to one engine. */
export const DEADLINE_MS = 5_000;
/** The inspection of a container takes some kilobytes; a list of ten thousand containers some megabytes. */
const MAX_BYTES = 32 << 20;
/** Of all answers together: many that are each allowed would fill the memory. A thousand containers take some ten. */
const MAX_TOTAL = 128 << 20;
/** Connections at once; more only fill the queue of the engine. */
const CONNECTIONS = 8;

/** Why an engine did not answer a question, in words for a report. */
export class EngineProblem extends Error {
  /** 404: what was asked for is gone. */
  readonly gone: boolean;
  constructor(message: string, gone = false) {
    super(message);
    this.gone = gone;
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied: audit as root, or as a user who may use the engine',
  ENOENT: 'there is no such socket',
  ECONNREFUSED: 'nobody listens on the socket',
  ENOTSOCK: 'it is no socket',
  ECONNRESET: 'the engine hung up',
  EPIPE: 'the engine hung up',
};

function reason(thrown: unknown): EngineProblem {
  if (thrown instanceof EngineProblem) return thrown;
  const { code, message } = thrown as NodeJS.ErrnoException;
  // A parser of HTTP quotes what it was sent; a control character in it is no news for a terminal.
  const words = String(message)
    .replace(/[^\x20-\x7e]/g, '?')
    .slice(0, 200);
  return new EngineProblem(REASONS[code ?? ''] ?? (code?.startsWith('HPE_') ? 'it does not speak HTTP' : words));
}

interface Sent {
  readonly type: string;
  readonly bytes: string | Uint8Array;
}

function parsed(path: string, body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch {
    throw new EngineProblem(`its answer to ${path} is not JSON`);
  }
}

async function write(parts: AsyncIterable<Buffer>, file: number, limit: number, path: string): Promise<void> {
  let left = limit;
  for await (const part of parts) {
    left -= part.length;
    if (left < 0) throw new EngineProblem(`its answer to ${path} is larger than ${Math.floor(limit / 2 ** 20)} MiB`);
    for (let at = 0; at < part.length; ) at += writeSync(file, part, at);
  }
}

export interface ClientOptions {
  readonly cancel?: AbortSignal;
  /** Of all answers together. */
  readonly bytes?: number;
}

/** One audit of one engine: connections are kept until `close`. */
export class EngineClient {
  readonly socket: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  readonly #deadline: AbortSignal;
  readonly #milliseconds: number;
  readonly #total: number;
  #left: number;

  /** @param cancel ends it before its time */
  constructor(socket: string, milliseconds = DEADLINE_MS, { cancel, bytes = MAX_TOTAL }: ClientOptions = {}) {
    this.socket = socket;
    this.#total = bytes;
    this.#left = bytes;
    this.#milliseconds = milliseconds;
    const deadline = AbortSignal.timeout(milliseconds);
    this.#deadline = cancel === undefined ? deadline : AbortSignal.any([deadline, cancel]);
  }

  close(): void {
    this.#agent.destroy();
  }

  /** The JSON that is at `path`. @throws EngineProblem */
  async get(path: string): Promise<unknown> {
    return parsed(path, await this.#ask('GET', path));
  }

  /** Have it do something, said in JSON; what it answers is JSON. @throws EngineProblem */
  async post(path: string, body: unknown): Promise<unknown> {
    return parsed(path, await this.#ask('POST', path, { type: 'application/json', bytes: JSON.stringify(body) }));
  }

  /** The same where what it answers is bytes, to their end. @throws EngineProblem */
  postForBytes(path: string, body: unknown): Promise<Buffer> {
    return this.#ask('POST', path, { type: 'application/json', bytes: JSON.stringify(body) });
  }

  /** An archive, to be unpacked. @throws EngineProblem */
  async putArchive(path: string, archive: Uint8Array): Promise<void> {
    await this.#ask('PUT', path, { type: 'application/x-tar', bytes: archive });
  }

  /**
   * Have what is at `path` written to the end of an open file, as it comes.
   * @param limit bytes
   * @throws EngineProblem; what writing throws
   */
  save(path: string, file: number, limit: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (thrown: unknown): void => reject(this.#failure(thrown));
      const asked = this.#request('GET', path, undefined, (answer) => {
        if (answer.statusCode !== 200) {
          answer.destroy();
          fail(new EngineProblem(`it answered ${path} with ${answer.statusCode}`, answer.statusCode === 404));
          return;
        }
        write(answer, file, limit, path).then(resolve, (thrown: unknown) => {
          answer.destroy();
          const early = ['ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE'].includes(
            String((thrown as { code?: unknown }).code),
          );
          fail(early && !this.#deadline.aborted ? new EngineProblem(`its answer to ${path} ended too early`) : thrown);
        });
      });
      asked.once('error', fail);
      asked.end();
    });
  }

  /** Is it there? @throws EngineProblem `gone`: it is not */
  async head(path: string): Promise<void> {
    await this.#ask('HEAD', path);
  }

  async #ask(method: string, path: string, sent?: Sent): Promise<Buffer> {
    const { status, body } = await this.#bytes(method, path, sent);
    if (status >= 200 && status <= 299) return body;
    const words = body.toString('latin1', 0, 200).replace(/[^\x20-\x7e]/g, '?');
    throw new EngineProblem(`it answered ${path} with ${status}: ${words}`, status === 404);
  }

  #failure(thrown: unknown): unknown {
    if (this.#deadline.aborted)
      return new EngineProblem(`it did not answer within ${this.#milliseconds / 1000} seconds`);
    return reason(thrown);
  }

  #request(
    method: string,
    path: string,
    sent: Sent | undefined,
    answered: (answer: IncomingMessage) => void,
  ): ClientRequest {
    return request(
      // What the engine is called has to be said in HTTP/1.1, and means nothing on a socket.
      {
        ...{ socketPath: this.socket, method, path, agent: this.#agent, signal: this.#deadline },
        headers: {
          host: 'engine',
          ...(sent && { 'content-type': sent.type, 'content-length': Buffer.byteLength(sent.bytes) }),
        },
      },
      answered,
    );
  }

  #bytes(method: string, path: string, sent?: Sent): Promise<{ status: number; body: Buffer }> {
    return new Promise((resolve, reject) => {
      const fail = (thrown: unknown): void => reject(this.#failure(thrown));
      const asked = this.#request(method, path, sent, (answer) => {
        const parts: Buffer[] = [];
        let size = 0;
        answer.on('data', (part: Buffer) => {
          size += part.length;
          this.#left -= part.length;
          if (size > MAX_BYTES) {
            fail(new EngineProblem(`its answer to ${path} is larger than ${MAX_BYTES >> 20} MiB`));
            answer.destroy();
          } else if (this.#left < 0) {
            fail(new EngineProblem(`its answers are larger than ${this.#total >> 20} MiB altogether`));
            answer.destroy();
          } else parts.push(part);
        });
        answer.once('error', fail);
        // A length that it promised and did not keep.
        answer.once('aborted', () => fail(new EngineProblem(`its answer to ${path} ended too early`)));
        answer.once('end', () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(parts) }));
      });
      asked.once('error', fail);
      asked.end(sent?.bytes);
    });
  }
}

/** `ask` of each, at most `CONNECTIONS` at once; what is gone meanwhile is left out. @throws EngineProblem */
export async function each<T, R>(items: readonly T[], ask: (item: T) => Promise<R>): Promise<R[]> {
  const found: (R | undefined)[] = new Array(items.length).fill(undefined);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const at = next++;
      try {
        found[at] = await ask(items[at] as T);
      } catch (thrown) {
        if (!(thrown instanceof EngineProblem && thrown.gone)) throw thrown;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(CONNECTIONS, items.length) }, worker));
  return found.filter((one) => one !== undefined);
}
