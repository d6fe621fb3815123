// SPDX-License-Identifier: Apache-2.0
import { type Context, invalid } from './context.ts';
import type { SecureExtension } from './spec.ts';

const LOG_BYTES = 10 * 2 ** 20;
const SIGNAL = /^(SIG[A-Z0-9]{2,10}([+-]\d{1,2})?|\d{1,2})$/;

/** What happens around the container's process. @throws SecureError INVALID_VALUE */
export function planMonitor({ request, image }: Context): SecureExtension['monitor'] {
  const stopSignal = request.stopSignal ?? image.config.stopSignal ?? 'SIGTERM';
  if (!SIGNAL.test(stopSignal)) throw invalid('stop signal', stopSignal, 'a signal such as SIGTERM');
  const stopTimeout = request.stopTimeout ?? 10;
  if (!Number.isInteger(stopTimeout) || stopTimeout < 0 || stopTimeout > 86_400)
    throw invalid('--stop-timeout', String(stopTimeout), 'a number of seconds up to a day');
  return {
    detach: request.detach,
    stdinOpen: request.interactive,
    remove: request.remove,
    log: { driver: 'json-file', maxBytes: LOG_BYTES },
    stopSignal,
    stopTimeout,
  };
}

/** hostname(7); at most 64 characters, as uname(2) holds. @throws SecureError INVALID_VALUE */
export function planHostname({ request }: Context): string {
  const { hostname } = request;
  if (hostname === undefined) return '';
  const label = '[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?';
  if (hostname.length <= 64 && new RegExp(`^${label}(?:\\.${label})*$`).test(hostname)) return hostname;
  throw invalid('--hostname', hostname, 'a host name of at most 64 letters, digits and hyphens');
}

/** @throws SecureError INVALID_VALUE */
export function planName({ request }: Context): string | null {
  const { name } = request;
  if (name === undefined || /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/.test(name)) return name ?? null;
  throw invalid('--name', name, "a name: letters, digits, '_', '.' and '-', at most 128");
}
