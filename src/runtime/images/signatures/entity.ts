// SPDX-License-Identifier: Apache-2.0
// Checks who signed a sigstore bundle; what was signed is for others to look at.
import { type Bundle, bundleFromJSON } from '@sigstore/bundle';
import { type SignedEntity, toSignedEntity, VerificationError, Verifier } from '@sigstore/verify';
import { type ArtifactDigest, digestContent } from './by-digest.ts';
import { Refusal } from './problems.ts';
import { matches, matchText, type SigstoreSigner, signerText } from './types.ts';

/** What the library says on purpose; anything else it stumbled over. */
const reason = (error: unknown): string =>
  error instanceof VerificationError ? error.message.slice(0, 200) : 'it is malformed';

/** @throws Refusal */
export function parseBundle(json: unknown): Bundle {
  try {
    return bundleFromJSON(json);
  } catch (error) {
    throw new Refusal(`it is no sigstore bundle: ${(error as Error).message.slice(0, 200)}`);
  }
}

function byKey(entity: SignedEntity, signer: SigstoreSigner & { kind: 'key' }): void {
  let good = false;
  try {
    good = entity.signature.verifySignature(signer.key.key);
  } catch {
    // Bytes that are no signature of this kind of key.
  }
  if (!good) throw new Refusal(`it is not signed ${signerText(signer)}`);
}

/**
 * Certificate, its log, the signature's log or timestamps, and the signature: @sigstore/verify. Identity and issuer here, so that both texts can be told.
 */
function byIdentity(entity: SignedEntity, signer: SigstoreSigner & { kind: 'keyless' }): void {
  if (entity.key.$case !== 'certificate') throw new Refusal('it is signed with a key, not with a certificate');
  let identity: { subjectAlternativeName?: string | undefined; extensions?: { issuer?: string | undefined } } = {};
  try {
    identity = new Verifier(signer.root.material).verify(entity).identity ?? {};
  } catch (error) {
    throw new Refusal(`by ${signer.root.name} it does not hold: ${reason(error)}`);
  }
  const [name, issuer] = [identity.subjectAlternativeName ?? '', identity.extensions?.issuer ?? ''];
  const found = `it is signed by ${JSON.stringify(name.slice(0, 200))} (${JSON.stringify(issuer.slice(0, 200))})`;
  if (!matches(signer.identity, name))
    throw new Refusal(`${found}, wanted is the identity ${matchText(signer.identity)}`);
  if (!matches(signer.issuer, issuer)) throw new Refusal(`${found}, wanted is the issuer ${matchText(signer.issuer)}`);
}

/**
 * Holds a bundle against a signer. `artifact`: what a message signature is of, or its digest; a DSSE envelope carries its own.
 * @throws Refusal
 */
export function checkSigner(
  bundle: Bundle,
  artifact: Buffer | ArtifactDigest | undefined,
  signer: SigstoreSigner,
): void {
  let entity: SignedEntity;
  const { content } = bundle;
  const digest = artifact !== undefined && 'sha256' in artifact ? artifact : undefined;
  try {
    entity = toSignedEntity(bundle, digest === undefined ? (artifact as Buffer | undefined) : undefined);
    if (digest !== undefined && content.$case === 'messageSignature') {
      const { signature, messageDigest } = content.messageSignature;
      entity = { ...entity, signature: digestContent(signature, messageDigest.digest, digest) };
    }
  } catch (error) {
    throw new Refusal(`its certificate or timestamp cannot be read: ${(error as Error).message.slice(0, 200)}`);
  }
  if (signer.kind === 'key') byKey(entity, signer);
  else byIdentity(entity, signer);
}
