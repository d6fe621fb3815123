// SPDX-License-Identifier: Apache-2.0
// Where people read about a check.

/** Where docs/reference/checks/ is published. */
const PAGES = 'https://secure.dev/docs/reference/checks';

/** The reference page of a check of ours; a rule of a policy has none. */
export const pageOf = (id: string): string | undefined =>
  /^SEC-[A-Z]+-\d{4}$/.test(id) ? `${PAGES}/${id}` : undefined;
