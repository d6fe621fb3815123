// SPDX-License-Identifier: Apache-2.0
// Whether the image may be run at all.
import { ExitCode, SecureError } from '../../errors.ts';
import { type EffectivePolicy, signatureRules } from '../../policies/index.ts';
import type { Context } from './context.ts';
import type { Origin } from './types.ts';

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

/**
 * Whether a rule rejects images of this name. Needs nothing of the image itself. @param reference full
 * @throws SecureError POLICY_DENIED
 */
export function checkRejected(policy: EffectivePolicy, reference: string): void {
  const rule = signatureRules(policy, reference).find(({ verdict }) => verdict === 'reject');
  if (rule === undefined) return;
  const { policy: file, line, column } = rule.by;
  throw new SecureError('POLICY_DENIED', `${reference} is rejected by ${file}:${line}`, {
    hint: 'use another image, or take the rule out of that policy if it is yours',
    exitCode: ExitCode.findings,
    position: { file, line, column },
  });
}

/**
 * Whether the policy lets an image of this origin run. `what` begins the message. Needs nothing of the image itself, so
 * that one that would be refused is not even downloaded. `signed`: a signature of it was verified, or will be before it is used.
 * @throws SecureError IMAGE_UNTRUSTED
 */
export function checkOrigin(
  what: string,
  origin: Origin,
  { policy, request }: Pick<Context, 'policy'> & { readonly request: Pick<Context['request'], 'trust'> },
  signed: boolean,
) {
  const setting = policy.run[`origins.${origin}`];
  const place = `${setting.by.policy}:${setting.by.line}`;
  if (setting.value === 'refuse')
    throw untrusted(`${what}, and ${place} refuses such images`, 'build the image here: secure image debian');
  if (setting.value === 'signature' && !signed) {
    throw untrusted(
      `${what} and has no verified signature, which ${place} requires`,
      'say in a policy of your own whose signature counts: `images` with match and require.cosign.key (docs/signatures.md). Without one: ' +
        `--profile default, or origins.${origin}: accept in such a policy; or build the image here (secure image debian); or bring in a file that you checked ` +
        '(secure image import) and run it with --trust',
    );
  }
  if (setting.value === 'trust' && !request.trust && !signed) {
    throw untrusted(
      `${what}, and ${place} wants that to be approved`,
      'run it with --trust if you know where it comes from',
    );
  }
  return setting;
}

/** @throws SecureError IMAGE_UNTRUSTED, PLATFORM_MISSING */
export function checkImage(context: Context): void {
  const { image, reasons } = context;
  checkPlatform(context);
  const what = `${image.reference} (${image.digest}) was ${image.origin}`;
  const signatures = image.signatures ?? [];
  const { value: rule, by } = checkOrigin(what, image.origin, context, signatures.length > 0);
  const approved = rule === 'trust' && signatures.length === 0;
  const why = approved ? 'approved with --trust' : 'the policy accepts this origin';
  reasons.add({ control: 'image', decision: `${image.origin} ${image.digest}`, by, why });
  for (const signature of signatures) {
    reasons.add({ control: 'signature', why: `verified for ${image.digest}`, ...signature });
  }
}
