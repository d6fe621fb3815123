// SPDX-License-Identifier: Apache-2.0
// Finds what is said about an image in its repository: bundles of cosign 3 and others, envelopes of cosign 1 and 2 (tag sha256-<hex>.att), and statements that
// nobody has signed. What is found is hostile until it was verified: everything is bounded and fetched by the digest and size that name it.
import { SecureError } from '../../../../errors.ts';
import { isOfKind } from '../../../../policies/index.ts';
import { referrersTag } from '../../../registry/referrers.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { JsonObject } from '../../oci/json.ts';
import { MANIFEST } from '../../oci/mediatypes.ts';
import { BUNDLE } from '../bundle.ts';
import { content, find, layersOf, type Repository } from '../discover.ts';
import { STATEMENT_TYPE } from '../statement.ts';
import type { Candidate } from '../types.ts';

const ENVELOPE = 'application/vnd.dsse.envelope.v1+json';
/** How bundles and layers say what is in them; only a hint, which spares fetching. */
const HINTS = ['dev.sigstore.bundle.predicateType', 'predicateType', 'in-toto.io/predicate-type'];

/** Of one image, of the kinds that are asked for. */
export const ATTESTATION_LIMIT = 100;
/** A bill of materials of a large image has some ten MiB. */
const CONTENT_LIMIT = 32 << 20;
const TOTAL_LIMIT = 128 << 20;

type Annotations = Readonly<Record<string, string>> | undefined;

/** False where it says itself that it is of another kind. */
function promising(annotations: Annotations, kinds: readonly string[]): boolean {
  const said = HINTS.map((key) => annotations?.[key]).find((type) => type !== undefined);
  return said === undefined || kinds.some((kind) => isOfKind(said, kind));
}

class Finder {
  readonly #repository: Repository;
  readonly #kinds: readonly string[];
  readonly found: Candidate[] = [];
  #bytes = 0;

  constructor(repository: Repository, kinds: readonly string[]) {
    [this.#repository, this.#kinds] = [repository, kinds];
  }

  async #content(layer: Descriptor): Promise<Buffer> {
    this.#bytes += layer.size;
    if (this.found.length >= ATTESTATION_LIMIT || this.#bytes > TOTAL_LIMIT)
      throw new SecureError(
        'LIMIT_EXCEEDED',
        `registry ${this.#repository.host}: more than ${ATTESTATION_LIMIT} attestations of one image, or more than ${TOTAL_LIMIT >> 20} MiB`,
      );
    return content(this.#repository, layer, CONTENT_LIMIT);
  }

  /** As cosign 1 and 2 keep them. */
  async tagged(digest: string): Promise<void> {
    const place = `${referrersTag(digest)}.att`;
    const manifest = await find(this.#repository, place);
    if (manifest === undefined) return;
    for (const layer of layersOf(manifest.bytes, `manifest ${place}`, ENVELOPE)) {
      const { annotations = {} } = layer;
      if (!promising(annotations, this.#kinds)) continue;
      this.found.push({ format: 'attestation', place, envelope: await this.#content(layer), annotations });
    }
  }

  async referring(digest: string): Promise<void> {
    const referrers = (await this.#repository.referrers(digest)).filter(
      ({ mediaType, artifactType, annotations }) =>
        mediaType === MANIFEST &&
        ['', BUNDLE, STATEMENT_TYPE].includes(artifactType) &&
        promising(annotations, this.#kinds),
    );
    for (const { digest: place } of referrers) {
      const manifest = await find(this.#repository, place);
      if (manifest === undefined) continue;
      const what = `manifest ${place}`;
      const json = JsonObject.parse(manifest.bytes, 'LAYOUT_INVALID', what);
      // What merely lies there may belong to another image.
      if (json.optionalObject('subject')?.string('digest', '') !== digest) continue;
      const type = json.string('artifactType', '');
      if (type !== BUNDLE && type !== STATEMENT_TYPE) continue;
      if (!promising(json.stringMap('annotations', 1000), this.#kinds)) continue;
      for (const layer of layersOf(manifest.bytes, what, type)) {
        if (!promising(layer.annotations, this.#kinds)) continue;
        const data = await this.#content(layer);
        this.found.push(
          type === BUNDLE ? { format: 'bundle', place, bundle: data } : { format: 'statement', place, statement: data },
        );
      }
    }
  }
}

/**
 * Everything that may be an attestation of one of the kinds, of any of the digests. None is no error; a registry that cannot be asked is one.
 * @throws SecureError REGISTRY_*, DIGEST_MISMATCH, LIMIT_EXCEEDED, LAYOUT_INVALID
 */
export async function findAttestations(
  repository: Repository,
  digests: readonly string[],
  kinds: readonly string[],
): Promise<Candidate[]> {
  const finder = new Finder(repository, kinds);
  for (const digest of kinds.length === 0 ? [] : new Set(digests)) {
    await finder.tagged(digest);
    await finder.referring(digest);
  }
  return finder.found;
}
