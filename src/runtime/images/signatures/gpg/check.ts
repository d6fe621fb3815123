// SPDX-License-Identifier: Apache-2.0
// Simple signing (containers/image docs/containers-signature.5), as podman and Red Hat's registries have it.
import { ATOMIC_TYPE, checkSimple } from '../simple.ts';
import type { Candidate, GpgSigner, Requirement, Subject } from '../types.ts';
import { verifyMessage } from './gpgv.ts';

/** The signature first: nothing that is not signed is read. @throws Refusal, SecureError TOOL_MISSING */
export function checkGpg(
  { signature }: Candidate & { format: 'gpg' },
  subject: Subject,
  identity: Requirement['identity'],
  signer: GpgSigner,
): void {
  const { payload } = verifyMessage(signer.keyring, signature);
  checkSimple(payload, subject, identity, ATOMIC_TYPE);
}
