// SPDX-License-Identifier: Apache-2.0
// From texts of a command line to whose signature counts. Files are read here; one that is missing is an error, never "no signature".
import type { KeyObject } from 'node:crypto';
import { SecureError } from '../../../errors.ts';
import type { SignatureRule, SignerName } from '../../../policies/index.ts';
import { Inputs } from '../../inputs.ts';
import { KEY_FILE_LIMIT, readPrivateKey, readPublicKey } from './keys.ts';
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
  readonly 'digest-only'?: boolean | undefined;
}

const PATTERN_LIMIT = 512;

function readFile(path: string, limit: number, inputs: Inputs): string {
  const file = inputs.read(path, limit);
  if (file === undefined) throw keyInvalid(path, 'there is no such file', 'check the path');
  return file.data.toString('utf8');
}

/** A pattern is one of the whole text, unlike that of cosign: what only contains the name of somebody trusted is somebody else. */
function match(text: RequirementText, name: 'certificate-identity' | 'certificate-oidc-issuer'): Match | undefined {
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
    return { pattern: new RegExp(`^(?:${pattern})$`, 'u') };
  } catch (cause) {
    throw invalid('it is no regular expression', cause);
  }
}

function keyless(text: RequirementText, inputs: Inputs): Signer | undefined {
  const [identity, issuer] = [match(text, 'certificate-identity'), match(text, 'certificate-oidc-issuer')];
  if (identity === undefined && issuer === undefined) return undefined;
  const needs = (flag: string, why: string) =>
    new SecureError('MISSING_ARGUMENT', `--${flag} is missing: ${why}`, { hint: `add --${flag}` });
  if (identity === undefined) throw needs('certificate-identity', 'an issuer vouches for many people');
  if (issuer === undefined)
    throw needs('certificate-oidc-issuer', 'anybody may have an account of that name with another issuer');
  const path = text['trusted-root'];
  if (path === undefined)
    throw needs('trusted-root', 'whose certificates count is in the trusted root of the sigstore instance');
  return { kind: 'keyless', identity, issuer, root: readTrustedRoot(readFile(path, ROOT_FILE_LIMIT, inputs), path) };
}

/**
 * What is required, by flags that are called as those of cosign.
 * @throws SecureError MISSING_ARGUMENT when nobody is named, INVALID_VALUE, KEY_INVALID
 */
export function readRequirement(text: RequirementText, inputs: Inputs = new Inputs()): Requirement {
  const signers: Signer[] = (text.key ?? []).map((path) => ({
    kind: 'key',
    key: readPublicKey(readFile(path, KEY_FILE_LIMIT, inputs), path),
  }));
  const identity = keyless(text, inputs);
  if (identity !== undefined) signers.push(identity);
  if (signers.length === 0) {
    throw new SecureError('MISSING_ARGUMENT', 'nothing says whose signature counts', {
      hint: 'give --key FILE, or --certificate-identity with --certificate-oidc-issuer and --trusted-root',
    });
  }
  return { signers, identity: text['digest-only'] === true ? 'digest-only' : 'repository' };
}

/** A private key of a file, to sign with. @throws SecureError KEY_INVALID */
export function readPrivateKeyFile(path: string, passphrase: string | undefined): KeyObject {
  return readPrivateKey(readFile(path, KEY_FILE_LIMIT, new Inputs()), path, passphrase);
}

/** What a rule of a policy requires. @throws SecureError KEY_INVALID */
export function ruleRequirement({ keys, keyless: named, identity }: SignatureRule, inputs: Inputs): Requirement {
  const signers: Signer[] = keys.map((path) => ({
    kind: 'key',
    key: readPublicKey(readFile(path, KEY_FILE_LIMIT, inputs), path),
  }));
  if (named !== undefined) {
    const { trustedRoot: path } = named;
    const root = readTrustedRoot(readFile(path, ROOT_FILE_LIMIT, inputs), path);
    signers.push({ kind: 'keyless', identity: matchOf(named.identity), issuer: matchOf(named.issuer), root });
  }
  return { signers, identity };
}

const matchOf = (name: SignerName): Match =>
  'text' in name ? name : { pattern: new RegExp(`^(?:${name.pattern})$`, 'u') };
