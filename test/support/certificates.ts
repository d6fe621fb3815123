// SPDX-License-Identifier: Apache-2.0
// Keys and certificates for 127.0.0.1 and localhost, made anew for each test.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Certificate {
  /** Paths of PEM files. */
  readonly key: string;
  readonly cert: string;
  /** For servers of Node. */
  readonly pem: { readonly key: string; readonly cert: string };
}

const EC = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes';
const openssl = (words: string) => execFileSync('openssl', words.split(' '), { stdio: 'ignore' });

function made(key: string, cert: string): Certificate {
  return { key, cert, pem: { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') } };
}

/** One that vouches for itself. */
export function selfSigned(directory: string, name = 'server'): Certificate {
  mkdirSync(directory, { recursive: true });
  const [key, cert] = [join(directory, `${name}.key`), join(directory, `${name}.crt`)];
  openssl(
    `req -x509 ${EC} -days 2 -subj /CN=${name} -addext subjectAltName=IP:127.0.0.1,DNS:localhost -keyout ${key} -out ${cert}`,
  );
  return made(key, cert);
}

/** One that another vouches for. */
export function signedBy(authority: Certificate, directory: string, name: string): Certificate {
  mkdirSync(directory, { recursive: true });
  const [key, cert, request] = ['key', 'crt', 'csr'].map((ext) => join(directory, `${name}.${ext}`)) as [
    string,
    string,
    string,
  ];
  const extensions = join(directory, `${name}.ext`);
  writeFileSync(extensions, 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
  openssl(`req ${EC} -subj /CN=${name} -keyout ${key} -out ${request}`);
  openssl(
    `x509 -req -in ${request} -CA ${authority.cert} -CAkey ${authority.key} -days 2 -extfile ${extensions} -out ${cert}`,
  );
  return made(key, cert);
}
