// SPDX-License-Identifier: Apache-2.0
// What belongs to an image of the store (SBOM, provenance): manifests and blobs beside those of images, and for each image one list of
// them in the form of the referrers API (distribution-spec, "Listing Referrers").
import { closeSync, constants, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readBounded } from '../../../bounded.ts';
import { ExitCode, SecureError } from '../../../errors.ts';
import { digestFile, sweepDigestFiles } from '../digest-files.ts';
import { errnoOf, writeAtomic } from '../durable.ts';
import { type Descriptor, readDescriptor } from '../oci/descriptor.ts';
import { JsonObject } from '../oci/json.ts';
import { INDEX } from '../oci/mediatypes.ts';
import { readDocument, verified } from '../read.ts';
import { withRecords } from '../records.ts';
import type { StorePaths } from '../roots.ts';
import { fromBuffer } from '../sources/bytes.ts';
import type { Stage } from '../stage.ts';
import { type Artifact, type ArtifactDocument, artifactDocument, type Referrer } from './document.ts';

/** Of one image. Each type once, so that more is a mistake. */
const ENTRIES = 100;
/** Bytes of one blob of an artifact, which is read into memory. */
const BLOB_LIMIT = 256 << 20;
/** `{}` */
const NOTHING_BYTES = 2;

const directory = (paths: StorePaths): string => join(paths.state, 'referrers');

const listPath = (paths: StorePaths, subject: string): string => digestFile(directory(paths), subject);

/** Bring an artifact into a stage. Its entry is for `Prepared.referrers`, so that it is listed when its image becomes visible. */
export async function stageArtifact(stage: Stage, artifact: Artifact): Promise<Referrer> {
  const { manifest, descriptor, blobs } = artifactDocument(artifact);
  for (const { data } of blobs) await stage.content(fromBuffer(data));
  await stage.content(fromBuffer(manifest));
  return descriptor;
}

/** What belongs to a manifest. @throws SecureError STORE_CORRUPT where the list is none */
export function keptReferrers(paths: StorePaths, subject: string): Referrer[] {
  const path = listPath(paths, subject);
  let text: Buffer;
  try {
    text = readFileSync(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
  try {
    return JsonObject.parse(text, 'STORE_CORRUPT', path)
      .objects('manifests', ENTRIES)
      .map((entry) => ({ ...readDescriptor(entry), artifactType: entry.string('artifactType', '') }));
  } catch (cause) {
    throw new SecureError('STORE_CORRUPT', `${path} is no list of what belongs to an image`, {
      hint: 'repair it with `secure system check --repair`; what was in it is gone',
      exitCode: ExitCode.internal,
      cause,
    });
  }
}

async function writeList(paths: StorePaths, subject: string, manifests: readonly Referrer[]): Promise<void> {
  mkdirSync(directory(paths), { recursive: true, mode: 0o700 });
  const index = { schemaVersion: 2, mediaType: INDEX, manifests };
  await writeAtomic(listPath(paths, subject), `${JSON.stringify(index)}\n`);
}

/** Add entries to the list of a manifest; of each type the newest stays. Their blobs are in the store, whose lock the caller holds. */
export async function keepReferrers(paths: StorePaths, subject: string, entries: readonly Referrer[]): Promise<void> {
  if (entries.length === 0) return;
  await withRecords(paths, async () => {
    let before: Referrer[] = [];
    try {
      before = keptReferrers(paths, subject);
    } catch (error) {
      // A list that is none is replaced.
      if (!(error instanceof SecureError)) throw error;
    }
    const types = new Set(entries.map(({ artifactType }) => artifactType));
    const rest = before.filter(({ artifactType }) => !types.has(artifactType));
    await writeList(paths, subject, [...rest, ...entries]);
  });
}

/** Manifest of an artifact: what it names. @throws SecureError STORE_CORRUPT, LAYOUT_INVALID */
async function readArtifact(paths: StorePaths, { digest }: Descriptor): Promise<[Buffer, Descriptor[]]> {
  const bytes = await readDocument(paths, digest);
  const json = JsonObject.parse(bytes, 'LAYOUT_INVALID', `artifact ${digest}`);
  return [bytes, [json.object('config'), ...json.objects('layers', ENTRIES)].map(readDescriptor)];
}

/** Digests of all that belongs to a manifest. What cannot be read any more names nothing. */
export async function referrerBlobs(paths: StorePaths, subject: string): Promise<string[]> {
  const digests: string[] = [];
  const unless = (error: unknown): [] => {
    if (error instanceof SecureError) return [];
    throw error;
  };
  let entries: Referrer[] = [];
  try {
    entries = keptReferrers(paths, subject);
  } catch (error) {
    unless(error);
  }
  for (const entry of entries) {
    const named = await readArtifact(paths, entry).then(([, found]) => found, unless);
    digests.push(entry.digest, ...named.map(({ digest }) => digest));
  }
  return digests;
}

function readBlob(paths: StorePaths, { digest, size }: Descriptor): Buffer {
  const corrupt = (problem: string, cause?: unknown) =>
    new SecureError('STORE_CORRUPT', `blob ${digest} ${problem}`, {
      hint: 'it belongs to what was built with the image: build it again, or push with --image-only',
      exitCode: ExitCode.internal,
      cause,
    });
  if (size > BLOB_LIMIT) throw corrupt('is larger than what belongs to an image may be');
  let fd: number;
  try {
    fd = openSync(paths.blob(digest), constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    throw errnoOf(error) === 'ENOENT' ? corrupt('is missing from the store', error) : error;
  }
  try {
    return verified(readBounded(fd, size) ?? Buffer.alloc(0), digest);
  } catch (error) {
    throw error instanceof SecureError ? corrupt('is damaged', error) : error;
  } finally {
    closeSync(fd);
  }
}

/** One artifact with its content, verified. The caller holds the store lock. @throws SecureError STORE_CORRUPT */
export async function readKept(paths: StorePaths, descriptor: Referrer): Promise<ArtifactDocument> {
  const [manifest, named] = await readArtifact(paths, descriptor);
  const unique = [...new Map(named.map((one) => [one.digest, one])).values()];
  const blobs = unique.map((one) => ({ digest: one.digest, data: readBlob(paths, one) }));
  return { manifest, descriptor, blobs };
}

/** Remove lists of manifests that are gone, and what killed processes left. The caller holds the store lock exclusively. */
export const sweepReferrers = (paths: StorePaths, keep: ReadonlySet<string>): void =>
  sweepDigestFiles(directory(paths), keep);

/** What is wrong with what belongs to a manifest; undefined where nothing is. */
export async function referrerProblem(paths: StorePaths, subject: string): Promise<string | undefined> {
  try {
    for (const entry of keptReferrers(paths, subject)) await readKept(paths, entry);
    return undefined;
  } catch (error) {
    if (error instanceof SecureError) return error.message;
    throw error;
  }
}

/** Forget entries whose content is gone or damaged. The caller holds the store lock exclusively. */
export async function repairReferrers(paths: StorePaths, subject: string): Promise<void> {
  await withRecords(paths, async () => {
    const whole: Referrer[] = [];
    try {
      for (const entry of keptReferrers(paths, subject)) {
        const readable = await readKept(paths, entry).then(
          () => true,
          () => false,
        );
        if (readable) whole.push(entry);
      }
    } catch (error) {
      if (!(error instanceof SecureError)) throw error;
    }
    await writeList(paths, subject, whole);
  });
}

/**
 * The content of the first artifact of a type that belongs to a manifest; undefined where there is none. The caller holds the store lock.
 * @throws SecureError STORE_CORRUPT
 */
export async function keptContent(
  paths: StorePaths,
  subject: string,
  artifactType: string,
): Promise<Buffer | undefined> {
  const entry = keptReferrers(paths, subject).find((one) => one.artifactType === artifactType);
  const kept = entry === undefined ? undefined : await readKept(paths, entry);
  // Beside it is the empty config.
  return kept?.blobs.find(({ data }) => data.length > NOTHING_BYTES)?.data;
}
