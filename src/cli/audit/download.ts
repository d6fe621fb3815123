// SPDX-License-Identifier: Apache-2.0
// Advisories from an address to a file. Nobody signs them, so that they come by TLS, or from this machine.
import { closeSync, openSync, writeSync } from 'node:fs';
import { ExitCode, SecureError } from '../../errors.ts';

/** Bytes; all of osv.dev has 1.2 GB. */
const LIMIT = 4 * 2 ** 30;
const TIMEOUT_MS = 30 * 60_000;

export const isUrl = (text: string): boolean => /^https?:\/\//i.test(text);

function refused(url: string, why: string, hint: string, cause?: unknown): SecureError {
  return new SecureError('AUDIT_UNREADABLE', `${url}: ${why}`, { hint, exitCode: ExitCode.host, cause });
}

/** @param path of a file that is made. @throws SecureError AUDIT_UNREADABLE */
export async function download(url: string, path: string): Promise<void> {
  const check = (address: string): void => {
    const { protocol, hostname } = new URL(address);
    if (protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(hostname)) return;
    throw refused(url, 'it is not reached by TLS, and advisories are not signed', 'use its https:// address');
  };
  check(url);
  const fd = openSync(path, 'wx', 0o600);
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    // It may have led elsewhere.
    check(response.url);
    if (!response.ok) throw refused(url, `the server answers ${response.status}`, 'check the address');
    let size = 0;
    for await (const part of response.body ?? []) {
      size += part.length;
      if (size > LIMIT) throw refused(url, `it is larger than ${LIMIT} bytes`, 'import it in parts');
      writeSync(fd, part);
    }
  } catch (cause) {
    if (cause instanceof SecureError) throw cause;
    const { cause: inner } = cause as { cause?: unknown };
    throw refused(
      url,
      `it cannot be fetched: ${(inner instanceof Error ? inner : (cause as Error)).message}`,
      'fetch it by other means, and import the file',
      cause,
    );
  } finally {
    closeSync(fd);
  }
}
