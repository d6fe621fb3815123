// SPDX-License-Identifier: Apache-2.0
// Lists that come in pages (distribution-spec, "Listing Tags", "Listing Referrers"): each says where the next one is.
import { protocol } from './problems.ts';
import type { Session } from './session.ts';
import type { Answer } from './transport.ts';

const PAGE_LIMIT = 1000;
const LINK_LIMIT = 8192;

/** The address of rel="next" in a Link header (RFC 8288), undefined when there is none. @throws SecureError REGISTRY_PROTOCOL */
export function nextPage(answer: Answer): URL | undefined {
  const text = answer.headers('link').join(', ');
  if (text === '') return undefined;
  const { host } = answer.url;
  if (text.length > LINK_LIMIT) throw protocol(host, 'its Link header is too long');
  const match = /<([^<>]*)>\s*;[^,<]*\brel\s*=\s*"?next"?(?=[\s;,]|$)/i.exec(text);
  if (match === null) return undefined;
  const to = URL.parse(match[1] ?? '', answer.url.href);
  // What authorizes at one place is for it alone, and so is what was asked.
  if (to !== null && to.origin === answer.url.origin && to.username === '' && to.password === '') return to;
  throw protocol(host, 'it has the next page of a list elsewhere');
}

/**
 * Every page of a list. A page that was there already, and more than a thousand, are refused.
 * @throws SecureError REGISTRY_*
 */
export async function* pages(
  session: Session,
  at: string,
  headers: Record<string, string> = {},
): AsyncGenerator<Answer, void, undefined> {
  const seen = new Set<string>();
  let next: string | URL = at;
  for (;;) {
    const answer: Answer = await session.request({ at: next, headers });
    const following = answer.status === 200 ? nextPage(answer) : undefined;
    yield answer;
    if (following === undefined) return;
    if (seen.has(following.href)) throw protocol(session.host, 'the pages of a list lead in a circle');
    if (seen.size >= PAGE_LIMIT) throw protocol(session.host, `a list has more than ${PAGE_LIMIT} pages`);
    seen.add(following.href);
    next = following;
  }
}
