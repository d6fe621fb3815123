// SPDX-License-Identifier: Apache-2.0
import { parseDigest } from '../images/digest.ts';
import { protocol } from './problems.ts';
import type { Answer } from './transport.ts';

/** The Docker-Content-Digest of an answer. @throws SecureError REGISTRY_PROTOCOL when it is none */
export function digestHeader(answer: Answer): string | undefined {
  const digest = answer.header('docker-content-digest');
  if (digest === undefined || parseDigest(digest) !== undefined) return digest;
  answer.discard();
  const shown = JSON.stringify(digest.slice(0, 100));
  throw protocol(answer.url.host, `its Docker-Content-Digest ${shown} is no digest`);
}
