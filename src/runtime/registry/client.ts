// SPDX-License-Identifier: Apache-2.0
// Reading from a registry (OCI distribution-spec, "Pull"). A registry is hostile input: what it sends counts for as much
// as its digest does.
import { SecureError } from '../../errors.ts';
import { parseDigest } from '../images/digest.ts';
import type { Descriptor } from '../images/oci/descriptor.ts';
import { DOCUMENT_LIMIT, JsonObject } from '../images/oci/json.ts';
import { INDEXES, MANIFESTS } from '../images/oci/mediatypes.ts';
import type { Reference } from '../images/reference.ts';
import type { Bytes } from '../images/sources/bytes.ts';
import { blobBytes } from './blob.ts';
import { findCredentials } from './credentials.ts';
import { registryUrl } from './endpoint.ts';
import { exchange, findBase } from './exchange.ts';
import { protocol } from './problems.ts';
import { type Asker, authorize, refused } from './token.ts';
import { type Answer, readBody, TIMING, type Timing, Transport } from './transport.ts';
import type { Credentials } from './types.ts';

const ACCEPT = [...MANIFESTS, ...INDEXES].join(', ');
/** Bytes of an error answer that are read for its message. */
const ERROR_LIMIT = 16 << 10;

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
  readonly #timing: Timing;
  readonly #transport: Transport;
  readonly #asker: Asker;
  readonly #stop = new AbortController();
  readonly #url: URL;
  #base: Promise<URL> | undefined;
  #authorization: string | undefined;

  /** @throws SecureError REFERENCE_INVALID when the reference names no registry */
  constructor(reference: Reference, { timing = TIMING, env = process.env }: ClientOptions = {}) {
    this.#reference = reference;
    this.#timing = timing;
    this.#url = registryUrl(reference.registry);
    this.#transport = new Transport(timing);
    const send: Asker['send'] = (call) => exchange(this.#transport, call, timing);
    const { signal } = this.#stop;
    let found: Promise<Credentials | undefined> | undefined;
    const credentials = () => {
      found ??= findCredentials(reference, { env, signal });
      return found;
    };
    this.#asker = { reference, env, signal, credentials, send };
  }

  /** Name and port of the server, for messages. */
  get host(): string {
    return this.#url.host;
  }

  /** A manifest or index by tag or digest. @throws SecureError MANIFEST_UNKNOWN, LIMIT_EXCEEDED, REGISTRY_* */
  async manifest(name: string): Promise<Document> {
    const answer = await this.#get(`manifests/${name}`, { accept: ACCEPT });
    if (answer.status !== 200) throw await this.#failure(answer, `manifest ${name}`, 'MANIFEST_UNKNOWN');
    const bytes = await readBody(answer, DOCUMENT_LIMIT, `manifest ${name}`);
    const digest = answer.header('docker-content-digest');
    if (digest !== undefined && parseDigest(digest) === undefined) {
      throw protocol(this.host, `its Docker-Content-Digest ${JSON.stringify(digest.slice(0, 100))} is no digest`);
    }
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
    this.#stop.abort();
  }

  close(): void {
    this.abort();
    this.#transport.close();
  }

  /** One 401 for each request is an invitation, the second one an answer: tokens may expire during a long pull. */
  async #get(path: string, headers: Record<string, string>): Promise<Answer> {
    const { signal } = this.#stop;
    this.#base ??= findBase(this.#transport, this.#url, signal);
    const url = new URL(`/v2/${this.#reference.repository}/${path}`, await this.#base);
    for (let asked = false; ; asked = true) {
      const authorization = this.#authorization === undefined ? {} : { authorization: this.#authorization };
      const call = { url, headers: { ...headers, ...authorization }, signal };
      const answer = await exchange(this.#transport, call, this.#timing);
      if (answer.status !== 401) return answer;
      answer.discard();
      // Another server than the one that the credentials are for may not ask for them.
      if (answer.url.origin !== url.origin) throw protocol(answer.url.host, 'it wants credentials of another server');
      if (asked) throw await refused(this.#asker, 'no access');
      this.#authorization = await authorize(this.#asker, answer);
    }
  }

  async #failure(answer: Answer, what: string, unknown: 'MANIFEST_UNKNOWN' | 'BLOB_UNKNOWN'): Promise<SecureError> {
    const said = await message(answer);
    const { registry, repository } = this.#reference;
    if (answer.status === 404) {
      return new SecureError(unknown, `registry ${registry} has no ${what} in ${repository}${said}`, {
        hint: 'check name and tag; the registry does not have this one',
      });
    }
    if (answer.status === 403) {
      return new SecureError('REGISTRY_DENIED', `registry ${registry} denies ${what} of ${repository}${said}`, {
        hint: 'the credentials in use, or being without any, do not allow it',
      });
    }
    return protocol(this.host, `it answers ${answer.status} when asked for ${what}${said}`);
  }
}

/** The message of an error answer (distribution-spec "Error Codes"), where it has one. */
async function message(answer: Answer): Promise<string> {
  try {
    const json = JsonObject.parse(await readBody(answer, ERROR_LIMIT, 'error'), 'REGISTRY_PROTOCOL', 'error');
    const [first] = json.objects('errors', 100);
    const text = first?.string('message', '') || first?.string('code', '') || '';
    return text === '' ? '' : `: ${JSON.stringify(text.slice(0, 200))}`;
  } catch {
    // Whatever it says, the status counts.
    return '';
  }
}
