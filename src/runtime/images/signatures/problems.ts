// SPDX-License-Identifier: Apache-2.0
import { ExitCode, SecureError } from '../../../errors.ts';

/** Why one signature does not count. It is told beside the others; only when none counts it is an error of the command. */
export class Refusal extends Error {}

/** A key, certificate or trusted root that cannot be used. Never the same as "no signature". */
export function keyInvalid(name: string, problem: string, hint: string, cause?: unknown): SecureError {
  return new SecureError('KEY_INVALID', `${name}: ${problem}`, { hint, cause });
}

export function missing(image: string, wanted: string, what = 'signature'): SecureError {
  return new SecureError('SIGNATURE_MISSING', `${image} has no ${what}; wanted is one ${wanted}`, {
    hint: 'sign it with `secure image sign` or cosign, or check that it is the image that was meant',
    exitCode: ExitCode.findings,
  });
}

export function refused(image: string, wanted: string, reasons: readonly string[], what = 'signature'): SecureError {
  const [first = '', ...others] = reasons;
  const more = others.length === 0 ? '' : ` (and ${others.length} more, each refused)`;
  return new SecureError(
    'SIGNATURE_INVALID',
    `${image} has no ${what} that counts; wanted is one ${wanted}: ${first}${more}`,
    {
      hint: 'do not run it unless you know why; `secure image verify` explains every signature that was found',
      exitCode: ExitCode.findings,
    },
  );
}

export function notAnImage(image: string, mediaType: string): SecureError {
  return new SecureError(
    'MEDIA_TYPE_UNSUPPORTED',
    `${image} is ${JSON.stringify(mediaType.slice(0, 120))}, which is no image`,
    { hint: 'sign an image, or an index of images' },
  );
}
