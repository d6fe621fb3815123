// SPDX-License-Identifier: Apache-2.0
import type { SignedIdentity } from '../../../policies/index.ts';
import type { Keyring } from './gpg/keyring.ts';
import type { PublicKey } from './keys.ts';
import type { RevocationList } from './notary/crl.ts';
import type { NotaryIdentity } from './notary/names.ts';
import type { Roots } from './notary/roots.ts';
import type { TrustedRoot } from './root.ts';

/** What a signature has to be about. */
export interface Subject {
  /** `registry/repository`. */
  readonly repository: string;
  /** The tag that it is asked for by; undefined: by its digest alone. */
  readonly tag?: string | undefined;
  /** The manifest that runs, and the index that it was chosen from: a signature of either is one of the image. */
  readonly digests: readonly string[];
}

/** A text, or a pattern of the whole text. */
export type Match = { readonly text: string } | { readonly pattern: RegExp };

/** Whose signature counts. */
export type Signer =
  | { readonly kind: 'key'; readonly key: PublicKey }
  /** A certificate of Fulcio for this identity (its subject alternative name), given to it by this issuer of OIDC tokens. */
  | { readonly kind: 'keyless'; readonly identity: Match; readonly issuer: Match; readonly root: TrustedRoot }
  | NotarySigner
  | GpgSigner;

/** A key of OpenPGP. */
export interface GpgSigner {
  readonly kind: 'gpg';
  readonly keyring: Keyring;
  /** Address of the signatures; undefined: as it is configured for podman and skopeo. */
  readonly lookaside: string | undefined;
}

/** A certificate whose chain ends in one of the roots, with a subject that one of the identities is true of. */
export interface NotarySigner {
  readonly kind: 'notary';
  /** For signatures by whom the certificate names. */
  readonly roots: Roots;
  /** For those that a signing authority makes, which tells the time, too. */
  readonly authorities: Roots;
  /** Who is trusted to tell when a signature was there already. */
  readonly timestamps: Roots;
  /** Where there is one, each certificate needs one that does not have it. */
  readonly revocations: readonly RevocationList[];
  readonly identities: readonly NotaryIdentity[];
}

/** Who signs in the forms of sigstore. */
export type SigstoreSigner = Exclude<Signer, NotarySigner | GpgSigner>;

export interface Requirement {
  /** One of them is enough. */
  readonly signers: readonly Signer[];
  /**
   * What the signature itself has to name, so that one that was made for another image of the same content is none.
   * `digest-only`: the content counts.
   */
  readonly identity: SignedIdentity;
  /** A kind of attestation that is wanted instead of a signature: `slsa`, or the type of its predicate. */
  readonly attestation?: string | undefined;
}

/** A signature as it was found, nothing of it verified. */
export type Candidate =
  | {
      readonly format: 'cosign';
      /** Where: a tag or digest of the repository. */
      readonly place: string;
      readonly payload: Buffer;
      readonly annotations: Readonly<Record<string, string>>;
    }
  | { readonly format: 'bundle'; readonly place: string; readonly bundle: Buffer }
  /** A DSSE envelope with annotations, as cosign 1 and 2 keep attestations. */
  | {
      readonly format: 'attestation';
      readonly place: string;
      readonly envelope: Buffer;
      readonly annotations: Readonly<Record<string, string>>;
    }
  /** An in-toto statement that nobody has signed. */
  | { readonly format: 'statement'; readonly place: string; readonly statement: Buffer }
  | { readonly format: 'gpg'; readonly place: string; readonly signature: Buffer }
  | { readonly format: 'notary'; readonly place: string; readonly mediaType: string; readonly envelope: Buffer };

/** Characters of all signatures of an image that are kept. */
export const CANDIDATE_LIMIT = 8 << 20;

/** What became of one candidate. */
export interface Outcome {
  readonly format: Candidate['format'];
  readonly place: string;
  readonly accepted: boolean;
  /** Who signed where that is known, and why it does not count otherwise. */
  readonly text: string;
}

/** Names of certificates are chosen by whoever signs, so that no pattern, however it is written, has long to work on one. */
const NAME_LIMIT = 256;

export function matches(match: Match, text: string): boolean {
  if ('text' in match) return match.text === text;
  return text.length <= NAME_LIMIT && match.pattern.test(text);
}

export const matchText = (match: Match): string => ('text' in match ? match.text : `/${match.pattern.source}/`);

/** `by the key acme.pub`, for messages. */
export function signerText(signer: Signer): string {
  if (signer.kind === 'key') return `by the key ${signer.key.name}`;
  if (signer.kind === 'gpg') return `by a key of ${signer.keyring.name}`;
  if (signer.kind === 'notary') {
    const names = signer.identities.map(({ text }) => text).join(' or ');
    return `by ${names} (${[signer.roots.name, signer.authorities.name].filter(Boolean).join(', ')})`;
  }
  return `by ${matchText(signer.identity)} (${matchText(signer.issuer)})`;
}

export const wantedText = ({ signers, attestation }: Requirement): string => {
  const who = signers.map(signerText).join(' or ');
  return attestation === undefined ? who : `of the kind ${attestation} ${who}`;
};

/** Why each of those who are wanted did not sign something; an empty text is of somebody who signs in another form. */
export function reasonText(reasons: readonly string[]): string {
  const text = [...new Set(reasons)].filter((reason) => reason !== '').join('; ');
  return text === '' ? 'nobody is wanted who signs in this form' : text;
}
