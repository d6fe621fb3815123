// SPDX-License-Identifier: Apache-2.0
// From texts of a command line to whose signature counts. Files are read here; one that is missing is an error, never "no signature".
import type { KeyObject } from 'node:crypto';
import { SecureError } from '../../../errors.ts';
import { type SignatureRule, type SignerName, wholePattern } from '../../../policies/index.ts';
import { Inputs } from '../../inputs.ts';
import { type Keyring, readPgpKeys } from './gpg/keyring.ts';
import { KEY_FILE_LIMIT, readPrivateKey, readPublicKey } from './keys.ts';
import { readIdentity } from './notary/names.ts';
import { type Roots, readRoots } from './notary/roots.ts';
import { keyInvalid } from './problems.ts';
import { ROOT_FILE_LIMIT, readTrustedRoot } from './root.ts';
import type { Match, Requirement, Signer } from './types.ts';

export interface RequirementText {
  /** Paths of public keys. */
  readonly key?: readonly string[] | undefined;
  readonly 'certificate-identity'?: string | undefined;
  readonly 'certificate-identity-regexp'?: string | undefined;
  readonly 'certificate-oidc-issuer'?: string | undefined;
  readonly 'certificate-oidc-issuer-regexp'?: string | undefined;
  /** Path of a trusted root. */
  readonly 'trusted-root'?: string | undefined;
  /** Paths of certificates: of authorities for signers, and of signing authorities, as the Notary Project tells them apart. */
  readonly 'notary-root'?: readonly string[] | undefined;
  readonly 'notary-authority-root'?: readonly string[] | undefined;
  readonly 'notary-identity'?: readonly string[] | undefined;
  /** Paths of OpenPGP public keys. */
  readonly 'gpg-key'?: readonly string[] | undefined;
  readonly lookaside?: string | undefined;
  readonly 'digest-only'?: boolean | undefined;
}

/** Whose signature counts, as a rule says it. */
type Wanted = Pick<SignatureRule, 'keys' | 'identity'> & {
  readonly keyless?: SignatureRule['keyless'] | undefined;
  readonly notary?: SignatureRule['notary'] | undefined;
  readonly gpg?: SignatureRule['gpg'] | undefined;
};

const PATTERN_LIMIT = 512;

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
  return { identity, issuer, trustedRoot };
}

function notary(text: RequirementText): Wanted['notary'] {
  const [roots, authorityRoots] = [text['notary-root'] ?? [], text['notary-authority-root'] ?? []];
  const identities = text['notary-identity'] ?? [];
  if (roots.length + authorityRoots.length === 0 && identities.length === 0) return undefined;
  const needs = (flag: string, why: string) =>
    new SecureError('MISSING_ARGUMENT', `--${flag} is missing: ${why}`, { hint: `add --${flag}` });
  if (identities.length === 0) throw needs('notary-identity', "an authority has many customers ('*' for each of them)");
  if (roots.length + authorityRoots.length === 0) throw needs('notary-root', 'whose certificates count');
  return { roots, authorityRoots, identities };
}

function gpg(text: RequirementText): Wanted['gpg'] {
  const keys = text['gpg-key'] ?? [];
  if (keys.length > 0) return { keys, lookaside: text.lookaside };
  if (text.lookaside === undefined) return undefined;
  throw new SecureError('MISSING_ARGUMENT', '--gpg-key is missing: whose signatures below --lookaside count', {
    hint: 'add --gpg-key',
  });
}

/**
 * What is required, by flags that are called as those of cosign.
 * @throws SecureError MISSING_ARGUMENT when nobody is named, INVALID_VALUE, KEY_INVALID
 */
export function readRequirement(text: RequirementText): Requirement {
  const [keys, named, byNotary, byGpg] = [text.key ?? [], keyless(text), notary(text), gpg(text)];
  if (keys.length === 0 && named === undefined && byNotary === undefined && byGpg === undefined) {
    throw new SecureError('MISSING_ARGUMENT', 'nothing says whose signature counts', {
      hint: 'give --key FILE, --certificate-identity with --certificate-oidc-issuer and --trusted-root, --notary-root with --notary-identity, or --gpg-key',
    });
  }
  const identity = text['digest-only'] === true ? 'digest-only' : 'repository';
  return ruleRequirement({ keys, keyless: named, notary: byNotary, gpg: byGpg, identity }, new Inputs());
}

/** A private key of a file, to sign with. @throws SecureError KEY_INVALID */
export function readPrivateKeyFile(path: string, passphrase: string | undefined): KeyObject {
  return readPrivateKey(readFile(path, KEY_FILE_LIMIT, new Inputs()), path, passphrase);
}

function keyringOf(paths: readonly string[], inputs: Inputs): Keyring {
  const keys = paths.map((path) => readPgpKeys(readBytes(path, ROOT_FILE_LIMIT, inputs), path));
  return { name: paths.join(', '), data: Buffer.concat(keys) };
}

function rootsOf(paths: readonly string[], inputs: Inputs): Roots {
  const certificates = paths.flatMap((path) => readRoots(readFile(path, ROOT_FILE_LIMIT, inputs), path));
  return { name: paths.join(', '), certificates };
}

/** What a rule of a policy requires. @throws SecureError KEY_INVALID, INVALID_VALUE for an identity that cannot be read */
export function ruleRequirement(
  { keys, keyless: named, notary: byNotary, gpg: byGpg, identity }: Wanted,
  inputs: Inputs,
): Requirement {
  const signers: Signer[] = keys.map((path) => ({
    kind: 'key',
    key: readPublicKey(readFile(path, KEY_FILE_LIMIT, inputs), path),
  }));
  if (named !== undefined) {
    const { trustedRoot: path } = named;
    const root = readTrustedRoot(readFile(path, ROOT_FILE_LIMIT, inputs), path);
    signers.push({ kind: 'keyless', identity: matchOf(named.identity), issuer: matchOf(named.issuer), root });
  }
  if (byNotary !== undefined) {
    signers.push({
      kind: 'notary',
      roots: rootsOf(byNotary.roots, inputs),
      authorities: rootsOf(byNotary.authorityRoots, inputs),
      identities: byNotary.identities.map(readIdentity),
    });
  }
  if (byGpg !== undefined)
    signers.push({ kind: 'gpg', keyring: keyringOf(byGpg.keys, inputs), lookaside: byGpg.lookaside });
  return { signers, identity };
}

const matchOf = (name: SignerName): Match => ('text' in name ? name : { pattern: wholePattern(name.pattern) });
