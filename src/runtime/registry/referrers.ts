// SPDX-License-Identifier: Apache-2.0
// What says that it belongs to a digest: signatures, attestations, SBOMs (distribution-spec, "Listing Referrers").
import { SecureError } from '../../errors.ts';
import type { Referrer } from '../images/artifacts/document.ts';
import { parseDigest } from '../images/digest.ts';
import { readDescriptor } from '../images/oci/descriptor.ts';
import { DOCUMENT_LIMIT, JsonObject } from '../images/oci/json.ts';
import { INDEX } from '../images/oci/mediatypes.ts';
import { pages } from './pages.ts';
import { protocol } from './problems.ts';
import type { Session } from './session.ts';
import { type Answer, readBody } from './transport.ts';

export type { Referrer };

/** Of one digest, over all pages. */
const LIMIT = 10_000;
const PER_INDEX = 1000;
/** What registries without the API answer. */
const UNKNOWN = new Set([404, 405]);

/** The tag below which they are where the API is not known (distribution-spec, "Referrers Tag Schema"). */
export function referrersTag(digest: string): string {
  const parts = parseDigest(digest);
  if (parts === undefined) throw new SecureError('REFERENCE_INVALID', `${JSON.stringify(digest)} is no digest`);
  return `${parts.algorithm}-${parts.hex.slice(0, 64)}`;
}

/** Entries of an index. @throws SecureError LAYOUT_INVALID */
export function readReferrers(bytes: Buffer, what: string): Referrer[] {
  const json = JsonObject.parse(bytes, 'LAYOUT_INVALID', what);
  if (json.integer('schemaVersion', 100) !== 2) throw json.fail('schemaVersion', 'is not 2');
  if (![INDEX, ''].includes(json.string('mediaType', ''))) throw json.fail('mediaType', `is not ${INDEX}`);
  return json
    .objects('manifests', PER_INDEX)
    .map((entry) => ({ ...readDescriptor(entry), artifactType: entry.string('artifactType', '') }));
}

export const typeOf = (answer: Answer): string =>
  (answer.header('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';

interface Asked {
  readonly session: Session;
  readonly repository: string;
  readonly digest: string;
  readonly artifactType: string | undefined;
  /** The index under a tag, undefined when there is none. */
  readonly tagged: (tag: string) => Promise<{ bytes: Buffer; mediaType: string } | undefined>;
  readonly failure: (answer: Answer) => Promise<SecureError>;
}

/** By the API; undefined where it is not known. */
async function byApi({ session, repository, digest, artifactType, failure }: Asked): Promise<Referrer[] | undefined> {
  const found: Referrer[] = [];
  const query = artifactType === undefined ? '' : `?${new URLSearchParams({ artifactType })}`;
  let first = true;
  for await (const answer of pages(session, `${repository}/referrers/${digest}${query}`, { accept: INDEX })) {
    if (first && UNKNOWN.has(answer.status)) {
      answer.discard();
      return undefined;
    }
    if (answer.status !== 200) throw await failure(answer);
    first = false;
    const type = typeOf(answer);
    if (type !== INDEX) {
      answer.discard();
      throw protocol(session.host, `its list of referrers is ${JSON.stringify(type.slice(0, 100))}`);
    }
    found.push(
      ...readReferrers(await readBody(answer, DOCUMENT_LIMIT, 'the list of referrers'), `referrers of ${digest}`),
    );
    if (found.length > LIMIT) throw new SecureError('LIMIT_EXCEEDED', `${digest} has more than ${LIMIT} referrers`);
  }
  return found;
}

async function byTag({ digest, tagged }: Asked): Promise<Referrer[]> {
  const tag = referrersTag(digest);
  const index = await tagged(tag);
  // Any image may have been given such a tag.
  return index?.mediaType === INDEX ? readReferrers(index.bytes, `index ${tag}`) : [];
}

/**
 * Everything that refers to a digest, each once, of one type where one is given. What the registry filters is filtered again.
 * @throws SecureError REGISTRY_*, LAYOUT_INVALID, LIMIT_EXCEEDED
 */
export async function listReferrers(asked: Asked): Promise<Referrer[]> {
  const all = (await byApi(asked)) ?? (await byTag(asked));
  const wanted = all.filter(
    ({ artifactType }) => asked.artifactType === undefined || artifactType === asked.artifactType,
  );
  return [...new Map(wanted.map((entry) => [entry.digest, entry])).values()];
}
