// SPDX-License-Identifier: Apache-2.0
// Reading from a registry (OCI distribution-spec, "Pull"). A registry is hostile input: what it sends counts for as much
// as its digest does.
import { type RegistryCode, SecureError } from '../../errors.ts';
import { digestOf, parseDigest } from '../images/digest.ts';
import type { Descriptor } from '../images/oci/descriptor.ts';
import { DOCUMENT_LIMIT } from '../images/oci/json.ts';
import { INDEXES, MANIFESTS } from '../images/oci/mediatypes.ts';
import { verified } from '../images/read.ts';
import type { Reference } from '../images/reference.ts';
import type { Bytes } from '../images/sources/bytes.ts';
import { blobBytes } from './blob.ts';
import { digestHeader } from './digest-header.ts';
import { failureOf } from './failure.ts';
import { listNames, TAG } from './lists.ts';
import { listReferrers, type Referrer } from './referrers.ts';
import { type ClientOptions, Session } from './session.ts';
import { configuredRegistries } from './settings.ts';
import { type Answer, readBody } from './transport.ts';

export type { ClientOptions } from './session.ts';

const ACCEPT = [...MANIFESTS, ...INDEXES].join(', ');

export interface Document {
  readonly bytes: Buffer;
  /** What the registry says it is. */
  readonly mediaType: string;
  /** What the registry says its digest is; not checked here. */
  readonly digest: string | undefined;
}

/** The repository at one place: where it is at home, or at a mirror. */
interface Place {
  readonly session: Session;
  readonly registry: string;
  readonly repository: string;
}

const placeOf = (registry: string, repository: string, options: ClientOptions): Place => ({
  session: new Session({ registry, repository, scopes: [`repository:${repository}:pull`], ...options }),
  registry,
  repository,
});

const codeOf = (error: unknown): string => (error instanceof SecureError ? error.code : '');

/** One repository of one registry, and of its mirrors. */
export class RegistryClient {
  readonly #origin: Place;
  readonly #options: ClientOptions;
  #mirrors: Promise<{ places: Place[]; tags: boolean }> | undefined;
  #closed = false;

  /** @throws SecureError REFERENCE_INVALID when the reference names no registry */
  constructor({ registry, repository }: Reference, options: ClientOptions = {}) {
    this.#options = options;
    this.#origin = placeOf(registry, repository, options);
  }

  /** Name and port of the server, for messages. */
  get host(): string {
    return this.#origin.session.host;
  }

  /**
   * A manifest or index by tag or digest. By digest from the first mirror that has it; what a tag means is for the registry
   * itself to say, unless its mirrors were allowed to.
   * @throws SecureError MANIFEST_UNKNOWN, LIMIT_EXCEEDED, REGISTRY_*
   */
  async manifest(name: string): Promise<Document> {
    const digest = parseDigest(name) === undefined ? undefined : name;
    const { places, tags } = await this.#places();
    for (const place of digest === undefined && !tags ? [] : places) {
      try {
        const document = await this.#manifest(place, name);
        const expected = digest ?? document.digest;
        if (expected === undefined || digestOf(document.bytes, expected) === expected) return document;
        this.#pass(place, new SecureError('DIGEST_MISMATCH', `it sends another manifest than ${expected}`));
      } catch (error) {
        this.#pass(place, error);
      }
    }
    return this.#manifest(this.#origin, name);
  }

  /**
   * What a reference means now. Its own digest and the registry's word for it are both held against the content.
   * @throws SecureError MANIFEST_UNKNOWN, DIGEST_MISMATCH, LIMIT_EXCEEDED, REGISTRY_*
   */
  async resolve({ tag, digest }: Reference): Promise<Document & { readonly digest: string }> {
    const document = await this.manifest(digest ?? tag ?? 'latest');
    for (const expected of [digest, document.digest]) if (expected !== undefined) verified(document.bytes, expected);
    return { ...document, digest: digest ?? digestOf(document.bytes) };
  }

  /** A blob, which is asked for when it is read. Size and digest are for the reader to check. */
  blob(descriptor: Descriptor): Bytes {
    const what = `blob ${descriptor.digest}`;
    const start = async () => {
      const queue = [...(await this.#places()).places, this.#origin];
      let place = queue.shift() ?? this.#origin;
      return {
        open: (headers: Record<string, string>) => this.#get(place, `blobs/${descriptor.digest}`, headers),
        failure: (answer: Answer) => this.#failure(place, answer, what, 'BLOB_UNKNOWN'),
        next: (error: unknown) => {
          const following = queue.shift();
          if (following === undefined) return false;
          this.#pass(place, error);
          place = following;
          return true;
        },
      };
    };
    const { host } = this;
    return {
      size: descriptor.size,
      async *chunks() {
        yield* blobBytes(descriptor, { host, ...(await start()) }).chunks();
      },
    };
  }

  /**
   * What refers to a digest, of one artifact type where one is given. The registry itself is asked: what belongs to a digest
   * changes, and a mirror may lag behind. Whether an entry does refer to it is for the reader of its manifest to check.
   * @throws SecureError REGISTRY_*, LAYOUT_INVALID, LIMIT_EXCEEDED, DIGEST_MISMATCH
   */
  referrers(digest: string, artifactType?: string): Promise<Referrer[]> {
    const { session, repository } = this.#origin;
    const failure = (answer: Answer) =>
      this.#failure(this.#origin, answer, `referrers of ${digest}`, 'MANIFEST_UNKNOWN');
    return listReferrers({ session, repository, digest, artifactType, failure, tagged: (tag) => this.#tagged(tag) });
  }

  /** Every tag of the repository, as the registry sends them. @throws SecureError MANIFEST_UNKNOWN, REGISTRY_*, LIMIT_EXCEEDED */
  tags(): AsyncGenerator<string, void, undefined> {
    const { session, repository } = this.#origin;
    const failure = (answer: Answer) => this.#failure(this.#origin, answer, 'list of tags', 'MANIFEST_UNKNOWN');
    return listNames({ session, at: `${repository}/tags/list`, key: 'tags', form: TAG, failure });
  }

  async #tagged(tag: string): Promise<Document | undefined> {
    try {
      const document = await this.#manifest(this.#origin, tag);
      if (document.digest !== undefined) verified(document.bytes, document.digest);
      return document;
    } catch (error) {
      if (codeOf(error) === 'MANIFEST_UNKNOWN') return undefined;
      throw error;
    }
  }

  /** End every request that is under way. */
  abort(): void {
    this.#each((session) => session.abort());
  }

  close(): void {
    this.#each((session) => session.close());
  }

  #each(action: (session: Session) => void): void {
    this.#closed = true;
    action(this.#origin.session);
    // What could not be read was said to whoever asked.
    this.#mirrors?.then(({ places }) => places.forEach(({ session }) => void action(session))).catch(() => {});
  }

  #places() {
    this.#mirrors ??= this.#open();
    return this.#mirrors;
  }

  async #open(): Promise<{ places: Place[]; tags: boolean }> {
    const { registry, repository } = this.#origin;
    const registries = this.#options.registries ?? (await configuredRegistries(this.#options.env ?? process.env));
    const { mirrors = [], mirrorTags = false } = registries.get(registry) ?? {};
    const options = { ...this.#options, registries };
    const places = mirrors.map((mirror) =>
      placeOf(mirror.registry, mirror.prefix === '' ? repository : `${mirror.prefix}/${repository}`, options),
    );
    return { places, tags: mirrorTags };
  }

  /** Go on after what a mirror could not do. That it does not have something is no news. */
  #pass({ session }: Place, error: unknown): void {
    if (this.#closed || !(error instanceof SecureError)) throw error;
    if (['MANIFEST_UNKNOWN', 'BLOB_UNKNOWN'].includes(codeOf(error))) return;
    this.#options.warn?.(`mirror ${session.host} is passed over: ${error.message}`);
  }

  async #manifest(place: Place, name: string): Promise<Document> {
    const answer = await this.#get(place, `manifests/${name}`, { accept: ACCEPT });
    if (answer.status !== 200) throw await this.#failure(place, answer, `manifest ${name}`, 'MANIFEST_UNKNOWN');
    const bytes = await readBody(answer, DOCUMENT_LIMIT, `manifest ${name}`);
    const digest = digestHeader(answer);
    const mediaType = (answer.header('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
    return { bytes, mediaType, digest };
  }

  #get({ session, repository }: Place, path: string, headers: Record<string, string>): Promise<Answer> {
    return session.request({ at: `${repository}/${path}`, headers });
  }

  #failure({ registry, repository }: Place, answer: Answer, what: string, unknown: RegistryCode): Promise<SecureError> {
    return failureOf(answer, { registry, repository, what, unknown });
  }
}
