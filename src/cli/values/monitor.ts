// SPDX-License-Identifier: Apache-2.0
// What the flags around a container's monitor take: --restart, --log-opt, --detach-keys.
import type { LogRequest, RestartRequest } from '../../runtime/plan/types.ts';
import { invalidValue } from '../read.ts';
import { parseInteger } from './number.ts';
import { parseSize } from './size.ts';

/** @throws SecureError INVALID_VALUE */
export function parseRestart(flag: string, text: string): RestartRequest {
  const [policy = '', retries, ...more] = text.split(':');
  if (policy === 'on-failure' && more.length === 0) {
    // Docker reads 0 as no bound.
    const bound = retries === undefined ? 0 : parseInteger(flag, retries, 0, 1_000_000);
    return bound === 0 ? { policy } : { policy, retries: bound };
  }
  if ((policy === 'no' || policy === 'always' || policy === 'unless-stopped') && retries === undefined)
    return { policy };
  throw invalidValue(flag, text, 'no, on-failure, on-failure:N, always or unless-stopped');
}

/** `max-size=10m` or `max-file=3`. @throws SecureError INVALID_VALUE */
export function parseLogOption(flag: string, text: string): LogRequest {
  const [, key, value = ''] = /^([a-z-]+)=(.+)$/s.exec(text) ?? [];
  if (key === 'max-size') return { maxBytes: parseSize(`${flag} max-size`, value) };
  if (key === 'max-file') return { maxFiles: parseInteger(`${flag} max-file`, value, 1, 100) };
  throw invalidValue(flag, text, 'max-size=SIZE or max-file=NUMBER');
}

/** Docker's spelling, checked here so that a slip is not found out by being unable to detach. @throws SecureError INVALID_VALUE */
export function parseDetachKeys(flag: string, text: string): string {
  if (text === '') return text;
  const keys = text.split(',');
  const sound = keys.length <= 16 && keys.every((key) => /^(?:ctrl-[a-z@[\\\]^_]|[!-~])$/.test(key));
  if (!sound) throw invalidValue(flag, text, "keys such as ctrl-p,ctrl-q or ctrl-], '' for none");
  return text;
}
