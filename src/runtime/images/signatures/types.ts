// SPDX-License-Identifier: Apache-2.0
import type { Keyring } from './gpg/keyring.ts';
import type { PublicKey } from './keys.ts';
import type { NotaryIdentity } from './notary/names.ts';
import type { Roots } from './notary/roots.ts';
import type { TrustedRoot } from './root.ts';

/** What a signature has to be about. */
export interface Subject {
  /** `registry/repository`. */
  readonly repository: string;
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
  readonly identities: readonly NotaryIdentity[];
}

/** Who signs in the forms of sigstore. */
export type SigstoreSigner = Exclude<Signer, NotarySigner | GpgSigner>;

export interface Requirement {
  /** One of them is enough. */
  readonly signers: readonly Signer[];
  /**
   * `repository`: the signature itself names this repository, so one that was made for another image of the same content is none.
   * `digest-only`: the content counts.
   */
  readonly identity: 'repository' | 'digest-only';
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

export const wantedText = ({ signers }: Requirement): string => signers.map(signerText).join(' or ');
