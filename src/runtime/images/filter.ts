// SPDX-License-Identifier: Apache-2.0
import type { ImageRecord } from './records.ts';
import { candidates, parseReference } from './reference.ts';

/**
 * Which images a text means in a list: those of that name, all tags of it unless one is given, and only that digest where there is one. A
 * short name means those of this host and those of docker.io.
 * @throws SecureError REFERENCE_INVALID
 */
export function nameFilter(text: string): (record: ImageRecord) => boolean {
  const name = text.split('@', 1)[0] ?? '';
  const tagged = name.indexOf(':', name.lastIndexOf('/') + 1) >= 0;
  const wanted = candidates(text);
  return (record) => {
    const found = parseReference(record.reference);
    return wanted.some(
      ({ registry, repository, tag, digest }) =>
        registry === found.registry &&
        repository === found.repository &&
        (!tagged || tag === found.tag) &&
        (digest === undefined || digest === record.digest || digest === record.index),
    );
  };
}
