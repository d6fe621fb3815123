// SPDX-License-Identifier: Apache-2.0
import { posix } from 'node:path';
import { SecureError } from '../../errors.ts';
import { type Context, invalid, withoutNul } from './context.ts';

/**
 * The argument vector: entry point, then the arguments of the request or else of the image. A replaced entry point does
 * not get the image's arguments, which were meant for another program.
 * @throws SecureError NO_COMMAND
 */
export function planArgs({ request, image, workload, reasons }: Context): string[] {
  const entrypoint = request.entrypoint ?? image.config.entrypoint;
  const inherited = request.entrypoint === undefined ? image.config.cmd : [];
  const own = [...entrypoint, ...(request.args.length > 0 ? request.args : inherited)];
  // Packages name no command; who wrote the workload knows the one that serves.
  const lent = own.length === 0 && request.entrypoint === undefined ? (workload?.command ?? []) : [];
  const args = [...own, ...lent];
  if (workload !== undefined && lent.length > 0) {
    const why = `neither ${image.reference} nor the request names a command`;
    reasons.add({ control: 'command', decision: lent.join(' '), by: workload.by, why, required: false });
  }
  if (args[0] === undefined || args[0] === '') {
    throw new SecureError('NO_COMMAND', `${image.reference} names no command and none was given`, {
      hint: 'put the command after the image: secure run IMAGE COMMAND [ARG…]',
    });
  }
  return args.map((arg) => withoutNul('COMMAND', arg));
}

/**
 * The working directory, absolute and normalised. Nothing beneath /proc: `/proc/self/fd/N` would be a directory of the
 * host that a descriptor leaked (CVE-2024-21626).
 * @throws SecureError INVALID_VALUE, CONFIG_CORRUPT
 */
export function planCwd({ request, image }: Context): string {
  const asked = request.workdir ?? image.config.workingDir;
  if (asked === '') return '/';
  const from = request.workdir === undefined ? `working directory of ${image.reference}` : '--workdir';
  const normal = posix.normalize(withoutNul(from, asked)).replace(/(?<=.)\/+$/, '');
  const outside = normal === '/proc' || normal.startsWith('/proc/');
  if (asked.startsWith('/') && !outside) return normal;
  if (request.workdir !== undefined) throw invalid('--workdir', asked, 'an absolute path outside /proc');
  throw new SecureError(
    'CONFIG_CORRUPT',
    `the ${from} is ${JSON.stringify(asked)}, which is no absolute path outside /proc`,
    {
      hint: 'give another one with --workdir',
    },
  );
}
