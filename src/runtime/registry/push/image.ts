// SPDX-License-Identifier: Apache-2.0
// An image of the store into a registry, byte for byte: the digest there is the digest here.
import type { FileHandle } from 'node:fs/promises';
import { ExitCode, SecureError } from '../../../errors.ts';
import type { ArtifactDocument } from '../../images/artifacts/document.ts';
import { keptReferrers, readKept } from '../../images/artifacts/kept.ts';
import { fileMatches, openBlob } from '../../images/copy.ts';
import { lockFile } from '../../images/lock.ts';
import type { Descriptor } from '../../images/oci/descriptor.ts';
import { MANIFEST } from '../../images/oci/mediatypes.ts';
import { readImage } from '../../images/read.ts';
import type { ImageRecord } from '../../images/records.ts';
import { formatReference, parseReference, type Reference } from '../../images/reference.ts';
import { slice } from '../../images/sources/bytes.ts';
import type { ImageStore } from '../../images/store.ts';
import { someAtATime } from '../../parallel.ts';
import type { ClientOptions } from '../client.ts';
import { Session } from '../session.ts';
import { type PushedArtifact, pushDocument } from './artifact.ts';
import { Mounts, repositoriesOf } from './mounts.ts';
import { exists, type Place, put, upload } from './upload.ts';

/** Blobs that are sent at the same time. */
const PARALLEL = 4;

export interface PushOptions extends ClientOptions {
  /** Bytes; larger blobs are sent in parts of this size. */
  readonly chunk?: number;
  /** Without what belongs to the image. */
  readonly imageOnly?: boolean;
}

export type Outcome = 'present' | 'mounted' | 'pushed';

export interface Pushed {
  /** Full reference of the store. */
  readonly image: string;
  /** Full reference there. */
  readonly destination: string;
  /** Manifest digest. */
  readonly digest: string;
  readonly blobs: readonly { readonly digest: string; readonly size: number; readonly outcome: Outcome }[];
  /** What belongs to it and went along: SBOMs, provenance. */
  readonly referrers: readonly PushedArtifact[];
}

interface Blob extends Descriptor {
  readonly file: FileHandle;
}

function corrupt(digest: string, problem: string): SecureError {
  return new SecureError('STORE_CORRUPT', `blob ${digest} ${problem}`, {
    hint: 'remove it with `secure system check --repair`, then pull or import the image again',
    exitCode: ExitCode.internal,
  });
}

/** Where to. @throws SecureError INVALID_VALUE, REFERENCE_INVALID */
function targetOf(record: ImageRecord, destination: string | undefined): Reference {
  const target = parseReference(destination ?? record.reference);
  if (target.registry === 'localhost') {
    throw new SecureError('INVALID_VALUE', `${formatReference(target)} is the name of an image of this host`, {
      hint: `say where to: secure image push ${record.reference} registry.example/NAME:TAG`,
    });
  }
  if (target.digest === undefined || target.digest === record.digest) return target;
  throw new SecureError('INVALID_VALUE', `${record.reference} is ${record.digest}, not ${target.digest}`, {
    hint: 'name a tag to push to; a digest follows from the content',
  });
}

async function openBlobs(store: ImageStore, descriptors: readonly Descriptor[], into: Blob[]): Promise<void> {
  for (const descriptor of new Map(descriptors.map((entry) => [entry.digest, entry])).values()) {
    const file = await openBlob(store.paths.blob(descriptor.digest));
    if (file === undefined) throw corrupt(descriptor.digest, 'is missing from the store');
    into.push({ ...descriptor, file });
    if ((await file.stat()).size !== descriptor.size) throw corrupt(descriptor.digest, 'is damaged');
  }
}

class Push {
  readonly #store: ImageStore;
  readonly #target: Reference;
  readonly #session: Session;
  readonly #mounts: Mounts;
  readonly #place: Omit<Place, 'onSent'>;

  constructor(store: ImageStore, target: Reference, { chunk, imageOnly: _, ...options }: PushOptions) {
    const { registry, repository } = target;
    this.#store = store;
    this.#target = target;
    this.#session = new Session({ registry, repository, scopes: [`repository:${repository}:pull,push`], ...options });
    this.#mounts = new Mounts(target, options);
    this.#place = { session: this.#session, registry, repository, ...(chunk === undefined ? {} : { chunk }) };
  }

  close(): void {
    this.#session.close();
    this.#mounts.close();
  }

  /** The largest first, some at a time. The first failure ends the others. */
  async blobs(blobs: readonly Blob[]): Promise<Pushed['blobs']> {
    const elsewhere = await repositoriesOf(this.#store, this.#target);
    const done = new Map<string, Outcome>();
    const largestFirst = [...blobs].sort((a, b) => b.size - a.size);
    const send = async (blob: Blob) => {
      done.set(blob.digest, await this.#blob(blob, elsewhere.get(blob.digest)));
    };
    await someAtATime(largestFirst, PARALLEL, send, () => this.close());
    return blobs.map(({ digest, size }) => ({ digest, size, outcome: done.get(digest) ?? 'present' }));
  }

  async #blob(blob: Blob, from: string | undefined): Promise<Outcome> {
    const { digest, size, file } = blob;
    const event = (outcome: Outcome) => this.#store.onEvent({ type: 'push', digest, size, outcome });
    if (await exists(this.#place, blob)) {
      event('present');
      return 'present';
    }
    const mounted = from === undefined ? undefined : await this.#mounts.mount(this.#place, digest, from);
    if (mounted === true) {
      event('mounted');
      return 'mounted';
    }
    if (!(await fileMatches(file, digest))) throw corrupt(digest, 'is damaged');
    event('pushed');
    const onSent = (done: number) => this.#store.onEvent({ type: 'received', digest, done });
    const part = (start: number, length: number) => slice(file, start, length);
    await upload({ ...this.#place, onSent }, { digest, size, part }, mounted);
    return 'pushed';
  }

  /** Last, so that nobody sees an image whose parts are not all there. */
  async manifest(bytes: Buffer, digest: string): Promise<void> {
    const { mediaType = MANIFEST } = JSON.parse(bytes.toString('utf8')) as { mediaType?: string };
    const name = this.#target.tag ?? digest;
    await put(this.#place, name, mediaType, bytes, digest);
  }

  /** What belongs to the manifest, which must be there first. */
  async referrers(documents: readonly ArtifactDocument[], subject: string): Promise<PushedArtifact[]> {
    const pushed: PushedArtifact[] = [];
    for (const document of documents) pushed.push(await pushDocument(this.#place, subject, document));
    return pushed;
  }
}

/**
 * Push an image of the store; what the registry has is not sent. Of an image that was chosen from an index, its own manifest. What
 * belongs to the image (SBOMs) goes along.
 * @throws SecureError IMAGE_NOT_FOUND, INVALID_VALUE, REFERENCE_INVALID, STORE_CORRUPT, DIGEST_MISMATCH, REGISTRY_*
 */
export async function pushImage(
  store: ImageStore,
  text: string,
  destination?: string,
  options: PushOptions = {},
): Promise<Pushed> {
  const { record } = await store.resolve(text);
  const target = targetOf(record, destination);
  const warn = (text: string) => store.onEvent({ type: 'warning', text });
  const push = new Push(store, target, { warn, ...options });
  const open: Blob[] = [];
  try {
    // What is open stays readable: nothing has to wait for the end of the push to remove it.
    const lock = await lockFile(store.paths.lock, false);
    let manifest: Buffer;
    const documents: ArtifactDocument[] = [];
    try {
      const image = await readImage(store.paths, record);
      manifest = image.raw.manifest;
      await openBlobs(store, [image.manifest.config, ...image.manifest.layers], open);
      for (const entry of options.imageOnly === true ? [] : keptReferrers(store.paths, record.digest))
        documents.push(await readKept(store.paths, entry));
    } finally {
      lock.release();
    }
    const blobs = await push.blobs(open);
    await push.manifest(manifest, record.digest);
    const referrers = await push.referrers(documents, record.digest);
    return { image: record.reference, destination: formatReference(target), digest: record.digest, blobs, referrers };
  } finally {
    push.close();
    for (const { file } of open) await file.close();
  }
}
