// SPDX-License-Identifier: Apache-2.0
import { ExitCode, SecureError } from '../../../../errors.ts';

const UPDATE = 'secure image trust update';

/** Nothing was fetched yet for this instance and pinned root. */
export function trustMissing({ name, pin }: { readonly name: string; readonly pin: unknown }): SecureError {
  const flags = `${name === 'sigstore' ? '' : ` --mirror ${name}`}${pin === undefined ? '' : ' --root FILE'}`;
  return new SecureError('TRUST_MISSING', `the trusted root of ${name} is not on this host`, {
    hint: `fetch it: ${UPDATE}${flags}`,
  });
}

/** What is here, or what a mirror gives, is older than its signers vouch for. */
export const trustExpired = (name: string, why: string, cause?: unknown): SecureError =>
  new SecureError('TRUST_EXPIRED', `the trusted root of ${name}: ${why}`, {
    hint: `fetch it anew: ${UPDATE}; a mirror that keeps giving old files hides what was revoked since, and a clock that is wrong looks the same`,
    exitCode: ExitCode.findings,
    cause,
  });

/** Signatures, versions or hashes are not what they have to be. What was here before stays. */
export const trustInvalid = (name: string, why: string, cause?: unknown): SecureError =>
  new SecureError('TRUST_INVALID', `the trusted root of ${name} is refused: ${why}`, {
    hint: 'the mirror, or somebody on the way to it, gives something else than the pinned root vouches for; what was here before stays',
    exitCode: ExitCode.findings,
    cause,
  });

export const trustUnreachable = (name: string, why: string, cause?: unknown): SecureError =>
  new SecureError('TRUST_UNREACHABLE', `the mirror ${name} cannot be read: ${why}`, {
    hint: 'try again; until it expires, the trusted root that is on this host counts',
    exitCode: ExitCode.findings,
    cause,
  });
