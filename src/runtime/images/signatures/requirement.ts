// SPDX-License-Identifier: Apache-2.0
// From texts of a command line to whose signature counts. Files are read here; one that is missing is an error, never "no signature".
import { SecureError } from '../../../errors.ts';
import {
  isPredicateKind,
  PREDICATE_KINDS,
  type SignatureRule,
  type SignerName,
  type TrustedRootSource,
  wholePattern,
} from '../../../policies/index.ts';
import { Inputs } from '../../inputs.ts';
import { rootsFromEnv } from '../roots.ts';
import { type Keyring, readPgpKeys } from './gpg/keyring.ts';
import { KEY_FILE_LIMIT, readPublicKey } from './keys.ts';
import { readRevocations } from './notary/crl.ts';
import { readIdentity } from './notary/names.ts';
import { type Roots, readRoots } from './notary/roots.ts';
import { keyInvalid } from './problems.ts';
import { ROOT_FILE_LIMIT, readTrustedRoot, type TrustedRoot } from './root.ts';
import { instanceOf, SIGSTORE } from './trust/instance.ts';
import { keptTrustedRoot } from './trust/kept.ts';
import type { Match, Requirement, Signer } from './types.ts';

export interface RequirementText {
  /** Paths of public keys. */
  readonly key?: readonly string[] | undefined;
  readonly 'certificate-identity'?: string | undefined;
  readonly 'certificate-identity-regexp'?: string | undefined;
  readonly 'certificate-oidc-issuer'?: string | undefined;
  readonly 'certificate-oidc-issuer-regexp'?: string | undefined;
  /** Path of a trusted root, or `sigstore`. */
  readonly 'trusted-root'?: string | undefined;
  /** Paths of certificates: of authorities for signers, and of signing authorities, as the Notary Project tells them apart. */
  readonly 'notary-root'?: readonly string[] | undefined;
  readonly 'notary-authority-root'?: readonly string[] | undefined;
  /** Of authorities that tell the time, and lists of revoked certificates. */
  readonly 'notary-timestamp-root'?: readonly string[] | undefined;
  readonly 'notary-crl'?: readonly string[] | undefined;
  readonly 'notary-identity'?: readonly string[] | undefined;
  /** Paths of OpenPGP public keys. */
  readonly 'gpg-key'?: readonly string[] | undefined;
  readonly lookaside?: string | undefined;
  readonly 'digest-only'?: boolean | undefined;
  /** A kind of attestation that is wanted instead of a signature. */
  readonly attestation?: string | undefined;
}

/** Whose signature counts, as a rule says it. */
type Wanted = Pick<SignatureRule, 'keys' | 'identity'> & {
  readonly keyless?: SignatureRule['keyless'] | undefined;
  readonly notary?: SignatureRule['notary'] | undefined;
  readonly gpg?: SignatureRule['gpg'] | undefined;
};

const PATTERN_LIMIT = 512;
/** Those of large authorities have some MiB. */
const CRL_LIMIT = 16 << 20;

function readBytes(path: string, limit: number, inputs: Inputs): Buffer {
  const file = inputs.read(path, limit);
  if (file === undefined) throw keyInvalid(path, 'there is no such file', 'check the path');
  return file.data;
}

const readFile = (path: string, limit: number, inputs: Inputs): string =>
  readBytes(path, limit, inputs).toString('utf8');

/** Unlike with cosign, a pattern is one of the whole text. */
function signerName(
  text: RequirementText,
  name: 'certificate-identity' | 'certificate-oidc-issuer',
): SignerName | undefined {
  const [exact, pattern] = [text[name], text[`${name}-regexp`]];
  if (exact !== undefined && pattern !== undefined) {
    throw new SecureError('INVALID_VALUE', `--${name} and --${name}-regexp exclude each other`, {
      hint: 'give one of them',
    });
  }
  if (pattern === undefined) return exact === undefined ? undefined : { text: exact };
  const invalid = (why: string, cause?: unknown) =>
    new SecureError('INVALID_VALUE', `--${name}-regexp: ${why}`, {
      hint: `for one identity alone use --${name}`,
      cause,
    });
  if (pattern.length > PATTERN_LIMIT) throw invalid(`it is longer than ${PATTERN_LIMIT} characters`);
  try {
    wholePattern(pattern);
    return { pattern };
  } catch (cause) {
    throw invalid('it is no regular expression', cause);
  }
}

function keyless(text: RequirementText): Wanted['keyless'] {
  const [identity, issuer] = [signerName(text, 'certificate-identity'), signerName(text, 'certificate-oidc-issuer')];
  if (identity === undefined && issuer === undefined) return undefined;
  const needs = (flag: string, why: string) =>
    new SecureError('MISSING_ARGUMENT', `--${flag} is missing: ${why}`, { hint: `add --${flag}` });
  if (identity === undefined) throw needs('certificate-identity', 'an issuer vouches for many people');
  if (issuer === undefined)
    throw needs('certificate-oidc-issuer', 'anybody may have an account of that name with another issuer');
  const trustedRoot = text['trusted-root'];
  if (trustedRoot === undefined)
    throw needs('trusted-root', 'whose certificates count is in the trusted root of the sigstore instance');
  return { identity, issuer, trustedRoot: trustedRoot === SIGSTORE ? { mirror: SIGSTORE } : { file: trustedRoot } };
}

function notary(text: RequirementText): Wanted['notary'] {
  const [roots, authorityRoots] = [text['notary-root'] ?? [], text['notary-authority-root'] ?? []];
  const identities = text['notary-identity'] ?? [];
  if (roots.length + authorityRoots.length === 0 && identities.length === 0) return undefined;
  const needs = (flag: string, why: string) =>
    new SecureError('MISSING_ARGUMENT', `--${flag} is missing: ${why}`, { hint: `add --${flag}` });
  if (identities.length === 0) throw needs('notary-identity', "an authority has many customers ('*' for each of them)");
  if (roots.length + authorityRoots.length === 0) throw needs('notary-root', 'whose certificates count');
  const [timestampRoots, revocations] = [text['notary-timestamp-root'] ?? [], text['notary-crl'] ?? []];
  return { roots, authorityRoots, timestampRoots, revocations, identities };
}

function gpg(text: RequirementText): Wanted['gpg'] {
  const keys = text['gpg-key'] ?? [];
  if (keys.length > 0) return { keys, lookaside: text.lookaside };
  if (text.lookaside === undefined) return undefined;
  throw new SecureError('MISSING_ARGUMENT', '--gpg-key is missing: whose signatures below --lookaside count', {
    hint: 'add --gpg-key',
  });
}

function kindOf({ attestation: kind, 'gpg-key': gpgKeys, 'notary-identity': notary }: RequirementText) {
  if (kind === undefined) return undefined;
  if (!isPredicateKind(kind))
    throw new SecureError(
      'INVALID_VALUE',
      `--attestation ${JSON.stringify(kind.slice(0, 120))} is no kind of attestation`,
      {
        hint: `give ${PREDICATE_KINDS.join(', ')}, or the whole type of a predicate (https://…)`,
      },
    );
  if (gpgKeys !== undefined || notary !== undefined)
    throw new SecureError('INVALID_VALUE', '--attestation: attestations are signed in the forms of sigstore', {
      hint: 'give --key, or --certificate-identity',
    });
  return kind;
}

/**
 * What is required, by flags that are called as those of cosign.
 * @throws SecureError MISSING_ARGUMENT when nobody is named, INVALID_VALUE, KEY_INVALID, TRUST_MISSING, TRUST_EXPIRED
 */
export function readRequirement(text: RequirementText, state = rootsFromEnv().state): Requirement {
  const [keys, named, byNotary, byGpg] = [text.key ?? [], keyless(text), notary(text), gpg(text)];
  if (keys.length === 0 && named === undefined && byNotary === undefined && byGpg === undefined) {
    throw new SecureError('MISSING_ARGUMENT', 'nothing says whose signature counts', {
      hint: 'give --key FILE, --certificate-identity with --certificate-oidc-issuer and --trusted-root, --notary-root with --notary-identity, or --gpg-key',
    });
  }
  const identity = text['digest-only'] === true ? 'digest-only' : 'repository';
  const requirement = ruleRequirement(
    { keys, keyless: named, notary: byNotary, gpg: byGpg, identity },
    new Inputs(),
    state,
  );
  return { ...requirement, attestation: kindOf(text) };
}

function keyringOf(paths: readonly string[], inputs: Inputs): Keyring {
  const keys = paths.map((path) => readPgpKeys(readBytes(path, ROOT_FILE_LIMIT, inputs), path));
  return { name: paths.join(', '), data: Buffer.concat(keys) };
}

function rootsOf(paths: readonly string[], inputs: Inputs): Roots {
  const certificates = paths.flatMap((path) => readRoots(readFile(path, ROOT_FILE_LIMIT, inputs), path));
  return { name: paths.join(', '), certificates };
}

/** @throws SecureError KEY_INVALID, TRUST_MISSING, TRUST_EXPIRED */
function trustedRootOf(source: TrustedRootSource, state: string, inputs: Inputs): TrustedRoot {
  if ('mirror' in source) return keptTrustedRoot(state, instanceOf(source.mirror, source.pin, inputs), inputs);
  return readTrustedRoot(readFile(source.file, ROOT_FILE_LIMIT, inputs), source.file);
}

/**
 * What a rule of a policy requires. `state`: the state root, where trusted roots of instances are.
 * @throws SecureError KEY_INVALID, TRUST_MISSING, TRUST_EXPIRED, INVALID_VALUE for an identity that cannot be read
 */
export function ruleRequirement(
  { keys, keyless: named, notary: byNotary, gpg: byGpg, identity }: Wanted,
  inputs: Inputs,
  state: string,
): Requirement {
  const signers: Signer[] = keys.map((path) => ({
    kind: 'key',
    key: readPublicKey(readFile(path, KEY_FILE_LIMIT, inputs), path),
  }));
  if (named !== undefined) {
    const root = trustedRootOf(named.trustedRoot, state, inputs);
    signers.push({ kind: 'keyless', identity: matchOf(named.identity), issuer: matchOf(named.issuer), root });
  }
  if (byNotary !== undefined) {
    signers.push({
      kind: 'notary',
      roots: rootsOf(byNotary.roots, inputs),
      authorities: rootsOf(byNotary.authorityRoots, inputs),
      timestamps: rootsOf(byNotary.timestampRoots, inputs),
      revocations: byNotary.revocations.flatMap((path) => readRevocations(readBytes(path, CRL_LIMIT, inputs), path)),
      identities: byNotary.identities.map(readIdentity),
    });
  }
  if (byGpg !== undefined)
    signers.push({ kind: 'gpg', keyring: keyringOf(byGpg.keys, inputs), lookaside: byGpg.lookaside });
  return { signers, identity };
}

const matchOf = (name: SignerName): Match => ('text' in name ? name : { pattern: wholePattern(name.pattern) });
