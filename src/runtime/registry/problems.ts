// SPDX-License-Identifier: Apache-2.0
// What can go wrong between us and a registry, each as one error with the next step.
import { SecureError } from '../../errors.ts';
import { errnoOf } from '../images/durable.ts';

/** The registry breaks the rules of distribution-spec or HTTP. */
export function protocol(host: string, problem: string, cause?: unknown): SecureError {
  return new SecureError('REGISTRY_PROTOCOL', `registry ${host}: ${problem}`, {
    hint: 'nothing was stored; the registry, or something between it and this host, does not behave as a registry must',
    cause,
  });
}

function unreachable(host: string, problem: string, hint: string, cause?: unknown): SecureError {
  return new SecureError('REGISTRY_UNREACHABLE', `registry ${host}: ${problem}`, { hint, cause });
}

export function tooSlow(host: string, seconds: number): SecureError {
  return unreachable(host, `it sent next to nothing for ${seconds} seconds`, 'try again; nothing was stored');
}

export function unavailable(host: string, status: number): SecureError {
  return unreachable(host, `it keeps answering ${status}`, 'it is out of order: try again later');
}

export function rateLimited(host: string, wait: string | undefined): SecureError {
  const until = wait === undefined ? '' : ` and asks to wait (Retry-After: ${JSON.stringify(wait.slice(0, 40))})`;
  return new SecureError('REGISTRY_RATE_LIMITED', `registry ${host}: it refuses further requests for now${until}`, {
    hint: 'try again later, or log in: registries often allow more to users they know',
  });
}

const NO_TLS = new Set(['EPROTO', 'ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG', 'ECONNRESET']);

/** True when a failed connection may mean that the other side knows no TLS. */
export const speaksNoTls = (error: unknown): boolean =>
  error instanceof SecureError && NO_TLS.has(errnoOf(error.cause) ?? '');

/** True when the same request may well succeed a moment later. */
export const isBroken = (error: unknown): boolean =>
  error instanceof SecureError && ['ECONNRESET', 'EPIPE'].includes(errnoOf(error.cause) ?? '');

const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS_|HOSTNAME_MISMATCH/;

function certificateHint(code: string): string {
  if (code.includes('EXPIRED')) return 'its owner must renew it, unless the clock of this host is wrong';
  if (code.includes('ALTNAME')) return 'it was issued for another name: check the reference';
  return 'install the certificate of its authority on this host (Debian: /usr/local/share/ca-certificates, then update-ca-certificates)';
}

/** A failure of the connection, by its error code. */
export function connectionFailed(host: string, error: unknown): SecureError {
  if (error instanceof SecureError) return error;
  const code = errnoOf(error) ?? 'unknown error';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    const hint = 'check the spelling of the reference, and the name servers of this host';
    return unreachable(host, `its name cannot be resolved (${code})`, hint, error);
  }
  if (code.startsWith('HPE_')) return protocol(host, `it does not speak HTTP (${code})`, error);
  if (code.startsWith('ERR_PROXY')) {
    return unreachable(
      host,
      `the proxy does not pass the connection on (${code})`,
      'check HTTPS_PROXY and NO_PROXY',
      error,
    );
  }
  if (CERTIFICATE.test(code)) {
    return unreachable(host, `its certificate is not trusted (${code})`, certificateHint(code), error);
  }
  if (code === 'EPROTO' || code.startsWith('ERR_SSL')) {
    const hint = 'plain http is spoken with registries on loopback only: put TLS in front of this one';
    return unreachable(host, `it does not speak TLS (${code})`, hint, error);
  }
  if (code === 'ECONNREFUSED') {
    return unreachable(host, 'nothing listens there (ECONNREFUSED)', 'check its port, and that it runs', error);
  }
  return unreachable(host, `the connection failed (${code})`, 'check the network of this host, and try again', error);
}
