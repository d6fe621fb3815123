// SPDX-License-Identifier: Apache-2.0
// Names that a registry lists: tags of a repository (distribution-spec "Listing Tags"), repositories of a registry.
import { SecureError } from '../../errors.ts';
import { DOCUMENT_LIMIT, JsonObject } from '../images/oci/json.ts';
import { pages } from './pages.ts';
import { protocol } from './problems.ts';
import type { Session } from './session.ts';
import { type Answer, readBody } from './transport.ts';

/** What is asked for at a time; registries may send fewer. */
const PAGE = 1000;
/** In one page, whatever was asked for: older registries send all at once. */
const PER_PAGE = 200_000;
const LIMIT = 1_000_000;
export const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
export const REPOSITORY = /^[a-z0-9]+(?:[._/-]+[a-z0-9]+)*$/;

export interface List {
  readonly session: Session;
  /** Below `/v2/`. */
  readonly at: string;
  /** The member of the document that is the list. */
  readonly key: string;
  /** What each of them must be. */
  readonly form: RegExp;
  readonly failure: (answer: Answer) => Promise<SecureError>;
}

/**
 * The names of every page, as they come.
 * @throws SecureError REGISTRY_*, LIMIT_EXCEEDED
 */
export async function* listNames({ session, at, key, form, failure }: List): AsyncGenerator<string, void, undefined> {
  let count = 0;
  for await (const answer of pages(session, `${at}?n=${PAGE}`)) {
    if (answer.status !== 200) throw await failure(answer);
    const what = `the list ${at}`;
    const bytes = await readBody(answer, DOCUMENT_LIMIT * 4, what);
    const names = JsonObject.parse(bytes, 'REGISTRY_PROTOCOL', what).strings(key, PER_PAGE);
    for (const name of names) {
      if (name.length > 255 || !form.test(name)) {
        throw protocol(session.host, `it lists ${JSON.stringify(name.slice(0, 100))}, which is no name`);
      }
      if (++count > LIMIT)
        throw new SecureError('LIMIT_EXCEEDED', `registry ${session.host}: ${what} has more than ${LIMIT} names`);
      yield name;
    }
  }
}
