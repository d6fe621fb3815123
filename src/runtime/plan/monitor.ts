// SPDX-License-Identifier: Apache-2.0
import { type Context, invalid } from './context.ts';
import { planHealth } from './health.ts';
import type { SecureExtension } from './spec.ts';

type Monitor = SecureExtension['monitor'];

const LOG = { driver: 'json-file', maxBytes: 10 * 2 ** 20, maxFiles: 2 } as const;
/** Of one file: below it rotation is most of the work, above it one container fills a disk. */
const LOG_BYTES = { least: 2 ** 16, most: 2 ** 30 } as const;
const LOG_FILES = 100;
/** Of all files of one container together. */
const LOG_TOTAL = 4 * 2 ** 30;
const SIGNAL = /^(SIG[A-Z0-9]{2,10}([+-]\d{1,2})?|\d{1,2})$/;

/** Bounded whatever is asked for: a log is what a container can fill the host's disk with. */
function planLog({ request }: Context): Monitor['log'] {
  const log = { ...LOG, ...request.log };
  const { maxBytes, maxFiles } = log;
  if (!Number.isSafeInteger(maxBytes) || maxBytes < LOG_BYTES.least || maxBytes > LOG_BYTES.most)
    throw invalid('--log-opt max-size', String(maxBytes), `from ${LOG_BYTES.least} to ${LOG_BYTES.most} bytes`);
  if (!Number.isInteger(maxFiles) || maxFiles < 1 || maxFiles > LOG_FILES)
    throw invalid('--log-opt max-file', String(maxFiles), `from 1 to ${LOG_FILES}`);
  if (maxBytes * maxFiles > LOG_TOTAL)
    throw invalid('--log-opt max-file', String(maxFiles), `within ${LOG_TOTAL} bytes in all files together`);
  return log;
}

/** Its monitor starts it again, so there has to be one, and something that is left to start. */
function planRestart({ request }: Context): Monitor['restart'] {
  const { policy, retries } = request.restart ?? { policy: 'no' as const };
  if (policy !== 'no' && !request.detach) throw invalid('--restart', policy, 'possible without -d');
  if (policy !== 'no' && request.remove) throw invalid('--restart', policy, 'possible together with --rm');
  if (retries !== undefined && (policy !== 'on-failure' || !Number.isInteger(retries) || retries < 1 || retries > 1e6))
    throw invalid('--restart', `${policy}:${retries}`, 'on-failure:N with N from 1 to 1000000');
  return { policy, retries: retries ?? null };
}

/** What happens around the container's process. @throws SecureError INVALID_VALUE, USAGE, CONFIG_CORRUPT */
export function planMonitor(context: Context): Monitor {
  const { request, image } = context;
  const stopSignal = request.stopSignal ?? image.config.stopSignal ?? 'SIGTERM';
  if (!SIGNAL.test(stopSignal)) throw invalid('stop signal', stopSignal, 'a signal such as SIGTERM');
  const stopTimeout = request.stopTimeout ?? 10;
  if (!Number.isInteger(stopTimeout) || stopTimeout < 0 || stopTimeout > 86_400)
    throw invalid('--stop-timeout', String(stopTimeout), 'a number of seconds up to a day');
  return {
    detach: request.detach,
    stdinOpen: request.interactive,
    remove: request.remove,
    log: planLog(context),
    stopSignal,
    stopTimeout,
    restart: planRestart(context),
    health: planHealth(context),
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
