// SPDX-License-Identifier: Apache-2.0
import { connectionFailed, speaksNoTls, tooSlow } from './problems.ts';

/**
 * Whether a server of this machine takes part in a TLS handshake. Nothing is sent in it and no certificate is looked at, which is for the connection
 * that comes after: to load the authorities of the system for a registry without TLS would take longer than all that is said with it.
 * Anything but the failure of a server that knows no TLS counts as yes, and fails again where it can be told.
 * @param idle milliseconds
 * @throws SecureError REGISTRY_UNREACHABLE where there is no answer
 */
export async function answersHandshake(
  { hostname, host, port }: URL,
  idle: number,
  signal: AbortSignal,
): Promise<boolean> {
  signal.throwIfAborted();
  const { connect } = process.getBuiltinModule('node:tls');
  const to = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 443) };
  const socket = connect({ ...to, ca: [], rejectUnauthorized: false });
  const stop = () => socket.destroy(signal.reason instanceof Error ? signal.reason : undefined);
  signal.addEventListener('abort', stop, { once: true });
  const timer = setTimeout(() => socket.destroy(tooSlow(host, idle / 1000)), idle);
  try {
    return await new Promise<boolean>((resolve, reject) => {
      socket.once('secureConnect', () => resolve(true));
      socket.once('close', () => resolve(true));
      socket.on('error', (error) => {
        const failure = connectionFailed(host, error);
        if (failure === (error as unknown)) reject(failure);
        else resolve(!speaksNoTls(failure));
      });
    });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
    socket.destroy();
  }
}
