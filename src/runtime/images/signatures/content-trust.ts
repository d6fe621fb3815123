// SPDX-License-Identifier: Apache-2.0
// Docker Content Trust: whoever asks docker for it expects to be protected, and is not by us.

/** What strconv.ParseBool of Go, which docker reads the variable with, takes for true. */
const TRUE = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);

/** What to tell somebody who has content trust switched on; undefined where it is not. */
export function contentTrustNotice(env: Readonly<Record<string, string | undefined>>): string | undefined {
  if (!TRUE.has(env.DOCKER_CONTENT_TRUST ?? '')) return undefined;
  return (
    'DOCKER_CONTENT_TRUST is set, and is not looked at: Docker Content Trust ends on 2026-12-08. ' +
    'Sign images anew with `secure image sign` or cosign, and require that by a policy.'
  );
}
