// SPDX-License-Identifier: Apache-2.0
// Timestamps and lists of revoked certificates, by openssl.
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Issued } from './notary.ts';
import { temporaryDirectory } from './store.ts';

const openssl = (...words: string[]) => execFileSync('openssl', words, { stdio: ['ignore', 'pipe', 'pipe'] });

export const TSA = ['keyUsage=critical,digitalSignature', 'extendedKeyUsage=critical,timeStamping'];

export interface Stamped {
  /** Beside the signer's in the token. */
  readonly chain?: readonly Issued[];
  /** Lines of the configuration of `openssl ts`. */
  readonly lines?: readonly string[];
  readonly hash?: string;
  /** Without the signer's certificate in it. */
  readonly bare?: boolean;
}

/** A timestamp token of some bytes. */
export function stamp(
  seen: Buffer,
  signer: Issued,
  { chain = [], lines = [], hash = 'sha256', bare = false }: Stamped = {},
): Buffer {
  const path = (name: string) => join(directory, name);
  const directory = temporaryDirectory();
  writeFileSync(path('seen'), seen);
  writeFileSync(path('serial'), '01\n');
  writeFileSync(path('chain'), chain.map(({ cert }) => readFileSync(cert, 'utf8')).join(''));
  const defaults = ['ess_cert_id_alg = sha256', 'signer_digest = sha256', 'accuracy = secs:1'];
  const all = [
    `serial = ${path('serial')}`,
    'default_policy = 1.2.3',
    'digests = sha256, sha384, sha512, sha1',
    ...defaults,
    ...lines,
  ];
  writeFileSync(path('conf'), `[tsa]\ndefault_tsa = t\n[t]\n${all.join('\n')}\n`);
  openssl('ts', '-query', '-data', path('seen'), `-${hash}`, ...(bare ? [] : ['-cert']), '-out', path('query'));
  const more = chain.length === 0 ? [] : ['-chain', path('chain')];
  openssl(
    ...[
      'ts',
      '-reply',
      '-config',
      path('conf'),
      '-queryfile',
      path('query'),
      '-signer',
      signer.cert,
      '-inkey',
      signer.key,
    ],
    ...[...more, '-token_out', '-out', path('token')],
  );
  return readFileSync(path('token'));
}

/** Another certificate of the same key, with the number 77. */
export function reissued({ cert, key }: Issued, by: Issued, days: number): Issued {
  const path = join(temporaryDirectory(), 'cert');
  const files = [
    '-in',
    join(dirname(cert), 'csr'),
    '-CA',
    by.cert,
    '-CAkey',
    by.key,
    '-extfile',
    join(dirname(cert), 'ext'),
  ];
  openssl('x509', '-req', ...files, '-set_serial', '77', '-sha256', '-days', `${days}`, '-out', path);
  return { cert: path, key, der: new X509Certificate(readFileSync(path)).raw };
}

/** What a clock says, signed by somebody whom `openssl ts` would not sign with. */
export function resigned(info: Buffer, signer: Issued): Buffer {
  const directory = temporaryDirectory();
  const path = (name: string) => join(directory, name);
  writeFileSync(path('info'), info);
  openssl(
    ...['cms', '-sign', '-binary', '-nodetach', '-cades', '-md', 'sha256', '-econtent_type', 'id-smime-ct-TSTInfo'],
    ...['-in', path('info'), '-signer', signer.cert, '-inkey', signer.key, '-outform', 'DER', '-out', path('token')],
  );
  return readFileSync(path('token'));
}

export interface Revoking {
  /** Hours that the list counts. */
  readonly hours?: number;
  readonly extensions?: readonly string[];
  readonly der?: boolean;
}

/** Path of a list of an authority. */
export function revocations(
  by: Issued,
  revoked: readonly Issued[],
  { hours = 24, extensions = [], der = false }: Revoking = {},
): string {
  const directory = temporaryDirectory();
  const path = (name: string) => join(directory, name);
  const rows = revoked.map(({ cert }) => {
    const { serialNumber } = new X509Certificate(readFileSync(cert));
    return `R\t300101000000Z\t250101000000Z\t${serialNumber}\tunknown\t/CN=x\n`;
  });
  writeFileSync(path('index'), rows.join(''));
  writeFileSync(path('number'), '01\n');
  const section = extensions.length === 0 ? '' : 'crl_extensions = ext\n';
  writeFileSync(
    path('conf'),
    `[ca]\ndefault_ca = c\n[c]\ndatabase = ${path('index')}\ncrlnumber = ${path('number')}\ndefault_md = sha256\n${section}[ext]\n${extensions.join('\n')}\n`,
  );
  openssl(
    ...['ca', '-config', path('conf'), '-gencrl', '-keyfile', by.key, '-cert', by.cert, '-crlhours', `${hours}`],
    ...['-out', path('crl')],
  );
  if (!der) return path('crl');
  openssl('crl', '-in', path('crl'), '-outform', 'DER', '-out', path('der'));
  return path('der');
}
