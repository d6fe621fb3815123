// SPDX-License-Identifier: Apache-2.0
// Signatures kept beside the store, so that an image is held against a policy at each start without its registry. They prove themselves: what is
// damaged or changed here counts for nothing when it is verified.
import { closeSync, constants, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readBounded } from '../../../bounded.ts';
import { parseDigest } from '../digest.ts';
import { errnoOf, writeAtomic } from '../durable.ts';
import { CANDIDATE_LIMIT, type Candidate } from './types.ts';

type Kept =
  | { format: 'cosign'; place: string; payload: string; annotations: Record<string, string> }
  | { format: 'bundle'; place: string; bundle: string }
  | { format: 'gpg'; place: string; signature: string }
  | { format: 'notary'; place: string; mediaType: string; envelope: string };

const directory = (state: string): string => join(state, 'signatures');

/** The file of a manifest's signatures. */
export function signaturesPath(state: string, digest: string): string {
  const parts = parseDigest(digest);
  return join(directory(state), `${parts?.algorithm}-${parts?.hex}.json`);
}

const decode = (text: string): Buffer => Buffer.from(text, 'base64');

function parse(text: string): Candidate[] {
  const { candidates } = JSON.parse(text) as { candidates: Kept[] };
  return candidates.map((kept) => {
    if (kept.format === 'cosign') return { ...kept, payload: decode(kept.payload) };
    if (kept.format === 'gpg') return { ...kept, signature: decode(kept.signature) };
    if (kept.format === 'notary') return { ...kept, envelope: decode(kept.envelope) };
    return { format: 'bundle', place: kept.place, bundle: decode(kept.bundle) };
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
  const kept = candidates.map((candidate): Kept => {
    if (candidate.format === 'cosign')
      return { ...candidate, payload: candidate.payload.toString('base64'), annotations: { ...candidate.annotations } };
    if (candidate.format === 'gpg') return { ...candidate, signature: candidate.signature.toString('base64') };
    if (candidate.format === 'notary') return { ...candidate, envelope: candidate.envelope.toString('base64') };
    return { ...candidate, bundle: candidate.bundle.toString('base64') };
  });
  const text = JSON.stringify({ candidates: kept });
  if (text.length > CANDIDATE_LIMIT) return;
  mkdirSync(directory(state), { recursive: true, mode: 0o700 });
  await writeAtomic(signaturesPath(state, digest), `${text}\n`);
}

/** Remove those of manifests that are gone, and what killed processes left. The caller holds the store lock exclusively. */
export function sweepSignatures(state: string, keep: ReadonlySet<string>): void {
  let names: string[];
  try {
    names = readdirSync(directory(state));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    throw error;
  }
  for (const name of names) {
    const digest = name.replace(/\.json$/, '').replace('-', ':');
    if (!keep.has(digest)) rmSync(join(directory(state), name), { force: true });
  }
}
