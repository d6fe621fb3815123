// SPDX-License-Identifier: Apache-2.0
// The content of a blob, over as many connections as it takes.
import { SecureError } from '../../errors.ts';
import type { Descriptor } from '../images/oci/descriptor.ts';
import type { Bytes } from '../images/sources/bytes.ts';
import { isBroken, protocol } from './problems.ts';
import type { Answer } from './transport.ts';

/** Connections that may break, whatever they brought: one byte each would be for ever. */
const BROKEN_LIMIT = 10;

export interface BlobSource {
  readonly host: string;
  open(headers: Record<string, string>): Promise<Answer>;
  /** Another place to ask, after this one has failed. False when there is none. */
  next?(error: unknown): boolean;
  /** The error that a final answer other than content means. */
  failure(answer: Answer): Promise<SecureError>;
}

/** How many bytes at the start of an answer are known already. */
async function overlap(source: BlobSource, answer: Answer, done: number, size: number): Promise<number> {
  // A registry may ignore Range and begin anew.
  if (answer.status === 200) return done;
  if (answer.status !== 206 || done === 0) throw await source.failure(answer);
  const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(answer.header('content-range') ?? '');
  if (range !== null && Number(range[1]) === done && Number(range[2]) < size) return 0;
  answer.discard();
  throw protocol(source.host, 'it sends another range than the one it was asked for');
}

function wrongSize({ digest, size }: Descriptor, found: string): SecureError {
  return new SecureError('DIGEST_MISMATCH', `blob ${digest} has ${found} bytes, its descriptor says ${size}`, {
    hint: 'the registry is damaged or was tampered with; nothing was stored',
  });
}

const isUnreachable = (error: unknown): boolean =>
  error instanceof SecureError && error.code === 'REGISTRY_UNREACHABLE';

/** Exactly as many bytes as the descriptor says. @throws SecureError DIGEST_MISMATCH, BLOB_UNKNOWN, REGISTRY_* */
export function blobBytes(descriptor: Descriptor, source: BlobSource): Bytes {
  const { size } = descriptor;
  return {
    size,
    async *chunks() {
      let [done, broken] = [0, 0];
      for (;;) {
        let opened = false;
        try {
          const answer = await source.open(done === 0 ? {} : { range: `bytes=${done}-` });
          let skip = await overlap(source, answer, done, size);
          const length = answer.header('content-length');
          if (length !== undefined && Number(length) + done - skip !== size) {
            answer.discard();
            throw wrongSize(descriptor, String(Number(length) + done - skip));
          }
          // What fails before was tried again already.
          opened = true;
          for await (const chunk of answer.chunks()) {
            const fresh = chunk.subarray(skip);
            skip -= chunk.length - fresh.length;
            done += fresh.length;
            if (done > size) throw wrongSize(descriptor, `more than ${size}`);
            if (fresh.length > 0) yield fresh;
          }
          if (done < size) throw wrongSize(descriptor, String(done));
          return;
        } catch (error) {
          // What came from a place that then breaks the rules is not to be continued.
          if ((done === 0 || isUnreachable(error)) && source.next?.(error)) continue;
          if (!isBroken(error) || !opened || ++broken > BROKEN_LIMIT) throw error;
        }
      }
    },
  };
}
