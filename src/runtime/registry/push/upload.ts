// SPDX-License-Identifier: Apache-2.0
// One blob into a repository (distribution-spec, "Pushing Blobs"): whole, or in chunks that continue where they broke off.
import { setTimeout as delay } from 'node:timers/promises';
import { SecureError } from '../../../errors.ts';
import { type Bytes, fromBuffer } from '../../images/sources/bytes.ts';
import { digestHeader } from '../digest-header.ts';
import { pause } from '../exchange.ts';
import { failureOf } from '../failure.ts';
import { isBroken, protocol } from '../problems.ts';
import type { Request, Session } from '../session.ts';
import type { Answer } from '../transport.ts';
import { finished, locationOf, received } from './location.ts';

/** Blobs up to this size are sent whole, larger ones in parts of it. */
export const CHUNK = 64 << 20;
/** Attempts that may fail for one blob, whatever they brought. */
const FAILURES = 5;
const OCTETS = { 'content-type': 'application/octet-stream' };

export interface Source {
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  /** A part of it, which may be read more than once. */
  part(start: number, size: number): Bytes;
}

export interface Place {
  readonly session: Session;
  readonly registry: string;
  readonly repository: string;
  readonly chunk?: number;
  /** So many bytes were sent. */
  readonly onSent?: (done: number) => void;
}

export function rejected(place: Place, answer: Answer, what: string): Promise<SecureError> {
  const { registry, repository } = place;
  return failureOf(answer, { registry, repository, what, unknown: 'REGISTRY_PROTOCOL' });
}

/** The registry's own word for what it has taken must be ours. */
export function confirm(answer: Answer, digest: string): void {
  const said = digestHeader(answer);
  answer.discard();
  if (said === undefined || said === digest) return;
  throw new SecureError('DIGEST_MISMATCH', `registry ${answer.url.host} says that it stored ${said}, not ${digest}`, {
    hint: 'the registry, or something between it and this host, changes what is sent to it',
  });
}

/** A manifest or index under a name; the registry's word for what it took is compared. */
export async function put(
  place: Place,
  name: string,
  mediaType: string,
  bytes: Buffer,
  digest: string,
): Promise<Answer> {
  const answer = await place.session.request({
    at: `${place.repository}/manifests/${name}`,
    method: 'PUT',
    headers: { 'content-type': mediaType },
    body: fromBuffer(bytes),
  });
  if (answer.status !== 201) throw await rejected(place, answer, `manifest ${name}`);
  confirm(answer, digest);
  return answer;
}

/** Whether the repository has a blob. @throws SecureError DIGEST_MISMATCH when it has another size there */
export async function exists(place: Place, { digest, size }: Pick<Source, 'digest' | 'size'>): Promise<boolean> {
  const answer = await place.session.request({ at: `${place.repository}/blobs/${digest}`, method: 'HEAD' });
  if (answer.status === 404) {
    answer.discard();
    return false;
  }
  if (answer.status !== 200) throw await rejected(place, answer, `blob ${digest}`);
  confirm(answer, digest);
  const length = answer.header('content-length');
  if (length === undefined || Number(length) === size) return true;
  throw new SecureError(
    'DIGEST_MISMATCH',
    `registry ${answer.url.host} has blob ${digest} with ${length} bytes, not ${size}`,
    {
      hint: 'the registry is damaged or was tampered with; nothing was changed there',
    },
  );
}

/** Ask for a place to upload to. */
export async function begin(place: Place, digest: string): Promise<Answer> {
  const answer = await place.session.request({ at: `${place.repository}/blobs/uploads/`, method: 'POST' });
  if (answer.status === 202) return answer;
  throw await rejected(place, answer, `place for blob ${digest}`);
}

class Upload {
  readonly #place: Place;
  readonly #source: Source;
  #failures = 0;
  /** Where it goes on; undefined: from the beginning. */
  #location: URL | undefined;
  #done = 0;
  #chunk: number;

  constructor(place: Place, source: Source, opened: Answer | undefined) {
    this.#place = place;
    this.#source = source;
    this.#chunk = place.chunk ?? CHUNK;
    if (opened !== undefined) this.#open(opened);
  }

  async run(): Promise<void> {
    const { digest, size } = this.#source;
    for (;;) {
      this.#location ??= this.#open(await begin(this.#place, digest));
      const whole = this.#done === 0 && size <= this.#chunk;
      const last = whole || this.#done === size;
      const body = this.#part(this.#done, last && !whole ? this.#done : Math.min(size, this.#done + this.#chunk));
      const answer = await this.#try(
        last
          ? { at: finished(this.#location, digest), method: 'PUT', headers: OCTETS, body }
          : { at: this.#location, method: 'PATCH', headers: { ...OCTETS, 'content-range': this.#range(body) }, body },
      );
      if (answer === undefined) {
        if (await this.#recover(last)) return;
      } else if (last) return confirm(answer, digest);
      else this.#advance(answer, this.#done + body.size);
    }
  }

  #open(answer: Answer): URL {
    this.#location = locationOf(answer);
    this.#done = 0;
    const least = answer.header('oci-chunk-min-length');
    if (least !== undefined && /^\d{1,15}$/.test(least)) this.#chunk = Math.max(this.#chunk, Number(least));
    answer.discard();
    return this.#location;
  }

  #range({ size }: Bytes): string {
    return `${this.#done}-${this.#done + size - 1}`;
  }

  /** A part of the file, which tells how much of it has gone. */
  #part(start: number, end: number): Bytes {
    const { chunks, size } = this.#source.part(start, end - start);
    const { onSent } = this.#place;
    return {
      size,
      async *chunks() {
        let done = start;
        for await (const chunk of chunks()) {
          yield chunk;
          done += chunk.length;
          onSent?.(done);
        }
      },
    };
  }

  /** The answer of success, or undefined where it is worth another attempt, which was waited for. */
  async #try(request: Request): Promise<Answer | undefined> {
    const { session } = this.#place;
    const { timing, signal } = session;
    let wait: number | undefined;
    try {
      const answer = await session.request({ ...request, once: true });
      if (answer.status === (request.method === 'PUT' ? 201 : 202)) return answer;
      // Where it broke off, the registry may have taken more than it said: begin again.
      const doubtful =
        this.#failures < FAILURES &&
        (answer.status === 416 || ([400, 404].includes(answer.status) && this.#failures > 0));
      wait = doubtful ? timing.backoff : pause(answer, this.#failures, timing, FAILURES);
      if (wait === undefined) throw await rejected(this.#place, answer, `blob ${this.#source.digest}`);
      answer.discard();
      if (doubtful) this.#location = undefined;
    } catch (error) {
      if (!isBroken(error) || this.#failures >= FAILURES) throw error;
      wait = timing.backoff * 2 ** this.#failures;
    }
    this.#failures++;
    await delay(wait, undefined, { signal });
    return undefined;
  }

  /** Ask how much is there (distribution-spec, "Pushing a blob in chunks"), or begin anew. True when all of it is. */
  async #recover(last: boolean): Promise<boolean> {
    const location = this.#location;
    this.#location = undefined;
    // The end may have got there, and only the answer to it not back.
    if (last) return exists(this.#place, this.#source);
    if (location === undefined) return false;
    const answer = await this.#place.session.request({ at: location });
    if (answer.status === 204 && this.#known(answer)) this.#location = locationOf(answer);
    answer.discard();
    return false;
  }

  /** Nothing and one byte look alike: `0-0`. */
  #known(answer: Answer): boolean {
    const there = received(answer);
    if (there === undefined || there <= 1) return false;
    if (there > this.#source.size)
      throw protocol(answer.url.host, `it has ${there} bytes of an upload of ${this.#source.size}`);
    this.#done = there;
    return true;
  }

  #advance(answer: Answer, expected: number): void {
    const there = received(answer) ?? expected;
    const { host } = answer.url;
    if (there > expected) throw protocol(host, `it has ${there} bytes of an upload that has come to ${expected}`);
    if (there <= this.#done) throw protocol(host, 'it takes a part of an upload and has no more than before');
    this.#location = locationOf(answer);
    this.#done = there;
    answer.discard();
  }
}

/**
 * Upload a blob, into the place of `opened` where one was given already.
 * @throws SecureError REGISTRY_*, DIGEST_MISMATCH; ARCHIVE_TRUNCATED when the file is shorter than it was
 */
export async function upload(place: Place, source: Source, opened?: Answer): Promise<void> {
  await new Upload(place, source, opened).run();
}
