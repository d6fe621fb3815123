// SPDX-License-Identifier: Apache-2.0
import { SecureError } from '../../../errors.ts';

// Debian policy 5.6.1 and 5.6.12, with apt's suffixes :ARCH and =VERSION. apt reads a trailing "-" as "remove" and patterns
// from "?" and "~" at the start; neither can be written in this charset.
const PACKAGE = /^[a-z0-9][a-z0-9+.-]*[a-z0-9+.](?::[a-z0-9-]*[a-z0-9])?(?:=[0-9][A-Za-z0-9.+:~-]*)?$/;

/** Throws INVALID_VALUE for anything that is not the name of a Debian package. */
export function checkPackages(names: readonly string[]): void {
  for (const name of names) {
    if (PACKAGE.test(name) && name.length <= 200) continue;
    throw new SecureError(
      'INVALID_VALUE',
      `${JSON.stringify(name.slice(0, 200))} is not the name of a Debian package`,
      {
        hint: 'a name has lower-case letters, digits, + - and . and may end in =VERSION',
      },
    );
  }
}

/** A suite is a code name or a class of releases; it becomes part of a URL. Throws INVALID_VALUE. */
export function checkSuite(name: string): void {
  if (/^[a-z][a-z0-9-]{0,63}$/.test(name)) return;
  throw new SecureError('INVALID_VALUE', `${JSON.stringify(name)} is not the name of a Debian suite`, {
    hint: 'for example bookworm, trixie or stable',
  });
}
