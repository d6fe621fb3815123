// SPDX-License-Identifier: Apache-2.0
// Cross-repository mounts (distribution-spec, "Mounting a blob from another repository"): what the registry has elsewhere is
// not sent again.
import { SecureError } from '../../../errors.ts';
import { readManifest } from '../../images/oci/manifest.ts';
import { MANIFEST } from '../../images/oci/mediatypes.ts';
import { readDocument } from '../../images/read.ts';
import { parseReference, type Reference } from '../../images/reference.ts';
import type { ImageStore } from '../../images/store.ts';
import type { ClientOptions } from '../client.ts';
import { Session } from '../session.ts';
import type { Answer } from '../transport.ts';
import { confirm, type Place } from './upload.ts';

/** Other repositories of the same registry by the blobs that images of the store have from there. */
export async function repositoriesOf(store: ImageStore, target: Reference): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const record of await store.list()) {
    const { registry, repository } = parseReference(record.reference);
    if (record.origin !== 'pulled' || registry !== target.registry || repository === target.repository) continue;
    try {
      const bytes = await readDocument(store.paths, record.digest);
      const { mediaType = MANIFEST } = JSON.parse(bytes.toString('utf8')) as { mediaType?: string };
      const { config, layers } = readManifest(bytes, mediaType, record.reference);
      for (const { digest } of [config, ...layers]) if (!found.has(digest)) found.set(digest, repository);
    } catch {
      // A damaged image is no reason not to push another one.
    }
  }
  return found;
}

/** Nothing of a mount may keep the blob from being sent: the other repository may be closed to us. */
const OPTIONAL: ReadonlySet<string> = new Set(['REGISTRY_AUTH', 'REGISTRY_DENIED']);

/** Tries mounts, with tokens of their own: one for two repositories may be refused where one for the target is not. */
export class Mounts {
  readonly #target: Reference;
  readonly #options: ClientOptions;
  readonly #sessions = new Map<string, Session>();

  constructor(target: Reference, options: ClientOptions) {
    this.#target = target;
    // It was said already.
    this.#options = { ...options, warn: undefined };
  }

  /** True when the blob is there now; else what the registry opened for its upload, if it did. */
  async mount(place: Place, digest: string, from: string): Promise<true | Answer | undefined> {
    const query = new URLSearchParams({ mount: digest, from });
    const at = `${place.repository}/blobs/uploads/?${query}`;
    let answer: Answer;
    try {
      answer = await this.#session(from).request({ at, method: 'POST' });
    } catch (error) {
      if (error instanceof SecureError && OPTIONAL.has(error.code)) return undefined;
      throw error;
    }
    if (answer.status === 201) {
      confirm(answer, digest);
      return true;
    }
    if (answer.status === 202) return answer;
    answer.discard();
    return undefined;
  }

  close(): void {
    for (const session of this.#sessions.values()) session.close();
  }

  #session(from: string): Session {
    const { registry, repository } = this.#target;
    const known = this.#sessions.get(from);
    if (known !== undefined) return known;
    const scopes = [`repository:${repository}:pull,push`, `repository:${from}:pull`];
    const session = new Session({ registry, repository, scopes, ...this.#options });
    this.#sessions.set(from, session);
    return session;
  }
}
