// SPDX-License-Identifier: Apache-2.0
// Reading from a registry (OCI distribution-spec, "Pull"). A registry is hostile input: what it sends counts for as much
// as its digest does.
import type { RegistryCode, SecureError } from '../../errors.ts';
import type { Descriptor } from '../images/oci/descriptor.ts';
import { DOCUMENT_LIMIT } from '../images/oci/json.ts';
import { INDEXES, MANIFESTS } from '../images/oci/mediatypes.ts';
import type { Reference } from '../images/reference.ts';
import type { Bytes } from '../images/sources/bytes.ts';
import { blobBytes } from './blob.ts';
import { digestHeader } from './digest-header.ts';
import { failureOf } from './failure.ts';
import { Session } from './session.ts';
import { type Answer, readBody, type Timing } from './transport.ts';

const ACCEPT = [...MANIFESTS, ...INDEXES].join(', ');

export interface ClientOptions {
  readonly timing?: Timing;
  /** Where credentials are looked for. */
  readonly env?: NodeJS.ProcessEnv;
}

export interface Document {
  readonly bytes: Buffer;
  /** What the registry says it is. */
  readonly mediaType: string;
  /** What the registry says its digest is; not checked here. */
  readonly digest: string | undefined;
}

/** One repository of one registry. */
export class RegistryClient {
  readonly #reference: Reference;
  readonly #session: Session;

  /** @throws SecureError REFERENCE_INVALID when the reference names no registry */
  constructor(reference: Reference, { timing, env }: ClientOptions = {}) {
    const { registry, repository } = reference;
    this.#reference = reference;
    this.#session = new Session({ registry, repository, scopes: [`repository:${repository}:pull`], timing, env });
  }

  /** Name and port of the server, for messages. */
  get host(): string {
    return this.#session.host;
  }

  /** A manifest or index by tag or digest. @throws SecureError MANIFEST_UNKNOWN, LIMIT_EXCEEDED, REGISTRY_* */
  async manifest(name: string): Promise<Document> {
    const answer = await this.#get(`manifests/${name}`, { accept: ACCEPT });
    if (answer.status !== 200) throw await this.#failure(answer, `manifest ${name}`, 'MANIFEST_UNKNOWN');
    const bytes = await readBody(answer, DOCUMENT_LIMIT, `manifest ${name}`);
    const digest = digestHeader(answer);
    const mediaType = (answer.header('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
    return { bytes, mediaType, digest };
  }

  /** A blob, which is asked for when it is read. Size and digest are for the reader to check. */
  blob(descriptor: Descriptor): Bytes {
    return blobBytes(descriptor, {
      host: this.host,
      open: (headers) => this.#get(`blobs/${descriptor.digest}`, headers),
      failure: (answer) => this.#failure(answer, `blob ${descriptor.digest}`, 'BLOB_UNKNOWN'),
    });
  }

  /** End every request that is under way. */
  abort(): void {
    this.#session.abort();
  }

  close(): void {
    this.#session.close();
  }

  #get(path: string, headers: Record<string, string>): Promise<Answer> {
    return this.#session.request({ at: `${this.#reference.repository}/${path}`, headers });
  }

  #failure(answer: Answer, what: string, unknown: RegistryCode): Promise<SecureError> {
    return failureOf(answer, { ...this.#reference, what, unknown });
  }
}
