// SPDX-License-Identifier: Apache-2.0
// Signatures kept beside the store, so that an image is held against a policy at each start without its registry. They prove themselves: what is
// damaged or changed here counts for nothing when it is verified.
import { closeSync, constants, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { readBounded } from '../../../bounded.ts';
import { digestFile, sweepDigestFiles } from '../digest-files.ts';
import { errnoOf, writeAtomic } from '../durable.ts';
import { CANDIDATE_LIMIT, type Candidate } from './types.ts';

/** Which part of each is bytes, and text as it is kept. */
const BYTES = {
  cosign: 'payload',
  bundle: 'bundle',
  gpg: 'signature',
  notary: 'envelope',
  attestation: 'envelope',
  statement: 'statement',
} as const satisfies Record<Candidate['format'], string>;

type Kept = Readonly<Record<string, unknown>> & { readonly format: Candidate['format'] };

const directory = (state: string): string => join(state, 'signatures');

/** The file of a manifest's signatures. */
export const signaturesPath = (state: string, digest: string): string => digestFile(directory(state), digest);

function parse(text: string): Candidate[] {
  const { candidates } = JSON.parse(text) as { candidates: Kept[] };
  return candidates.map((kept) => {
    const key = BYTES[kept.format];
    return { ...kept, [key]: Buffer.from(kept[key] as string, 'base64') } as unknown as Candidate;
  });
}

/** What is kept for a manifest; none where nothing is, or nothing that can be read. */
export function readSignatures(state: string, digest: string): Candidate[] {
  let fd: number;
  try {
    fd = openSync(signaturesPath(state, digest), constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
  try {
    const data = readBounded(fd, CANDIDATE_LIMIT);
    return data === undefined ? [] : parse(data.toString('utf8'));
  } catch {
    return [];
  } finally {
    closeSync(fd);
  }
}

/** Replace what is kept for a manifest. More than can be read again is not kept: it is fetched each time. */
export async function keepSignatures(state: string, digest: string, candidates: readonly Candidate[]): Promise<void> {
  const kept = candidates.map((candidate) => {
    const key = BYTES[candidate.format];
    return { ...candidate, [key]: (candidate as unknown as Record<string, Buffer>)[key]?.toString('base64') };
  });
  const text = JSON.stringify({ candidates: kept });
  if (text.length > CANDIDATE_LIMIT) return;
  mkdirSync(directory(state), { recursive: true, mode: 0o700 });
  await writeAtomic(signaturesPath(state, digest), `${text}\n`);
}

/** Remove those of manifests that are gone, and what killed processes left. The caller holds the store lock exclusively. */
export const sweepSignatures = (state: string, keep: ReadonlySet<string>): void =>
  sweepDigestFiles(directory(state), keep);
