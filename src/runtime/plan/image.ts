// SPDX-License-Identifier: Apache-2.0
// Whether the image may be run at all.
import { SecureError } from '../../errors.ts';
import type { Context } from './context.ts';

const ARCHITECTURE = { x86_64: 'amd64', aarch64: 'arm64' } as const;

function untrusted(message: string, hint: string): SecureError {
  return new SecureError('IMAGE_UNTRUSTED', message, { hint });
}

function checkPlatform({ image, host }: Context): void {
  const own = ARCHITECTURE[host.architecture];
  if (image.os === 'linux' && image.architecture === own) return;
  throw new SecureError(
    'PLATFORM_MISSING',
    `${image.reference} is for ${image.os}/${image.architecture}, this host is linux/${own}`,
    {
      hint: `import it with --platform linux/${own}`,
    },
  );
}

/** @throws SecureError IMAGE_UNTRUSTED, PLATFORM_MISSING */
export function checkImage(context: Context): void {
  const { image, request, policy, reasons } = context;
  checkPlatform(context);
  const { value: rule, by } = policy.run[`origins.${image.origin}`];
  const what = `${image.reference} (${image.digest}) was ${image.origin}`;
  const place = `${by.policy}:${by.line}`;
  if (rule === 'refuse')
    throw untrusted(`${what}, and ${place} refuses such images`, 'build the image here: secure image debian');
  if (rule === 'signature') {
    throw untrusted(
      `${what} and has no verified signature, which ${place} requires`,
      'this version cannot verify signatures: build the image here, or use a policy that accepts its origin',
    );
  }
  if (rule === 'trust' && !request.trust) {
    throw untrusted(
      `${what}, and ${place} wants that to be approved`,
      'run it with --trust if you know where it comes from',
    );
  }
  const why = rule === 'trust' ? 'approved with --trust' : 'the policy accepts this origin';
  reasons.add({ control: 'image', decision: `${image.origin} ${image.digest}`, by, why });
}
