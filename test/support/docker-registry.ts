// SPDX-License-Identifier: Apache-2.0
// Debian's docker-registry on a free port of loopback, and skopeo to fill it.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Certificate } from './certificates.ts';
import { ISSUER, SERVICE } from './token-server.ts';

/** Programs that the tests need; with SECURE_MUST_WORK=1 their absence is a failure. */
export function noRegistry(): boolean {
  if (process.env.SECURE_MUST_WORK === '1') return false;
  return !existsSync('/usr/bin/docker-registry') || !existsSync('/usr/bin/skopeo');
}

export interface DockerRegistry {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** Copy `oci:LAYOUT:NAME` to `REPOSITORY:TAG`. */
  push(layout: string, target: string, ...options: readonly string[]): void;
  /** Ends when the process has ended. */
  stop(): Promise<void>;
}

export interface RegistryOptions {
  readonly tls?: Certificate;
  /** Authorities of client certificates that it wants (mTLS). */
  readonly clients?: string;
  /** It knows one user, `me` with the password `secret`. */
  readonly basic?: boolean;
  /** It believes the tokens of the server at `realm`. */
  readonly token?: { readonly realm: string; readonly issuer: Certificate };
}

function configuration(directory: string, { tls, clients, basic, token }: RegistryOptions): object {
  const users = join(directory, 'users');
  if (basic) writeFileSync(users, `me:${bcrypt('secret')}\n`);
  return {
    version: '0.1',
    storage: { filesystem: { rootdirectory: join(directory, 'data') }, delete: { enabled: true } },
    http: {
      addr: '127.0.0.1:0',
      ...(tls && { tls: { certificate: tls.cert, key: tls.key, ...(clients && { clientcas: [clients] }) } }),
    },
    auth: {
      ...(basic && { htpasswd: { realm: 'test', path: users } }),
      ...(token && {
        token: { realm: token.realm, service: SERVICE, issuer: ISSUER, rootcertbundle: token.issuer.cert },
      }),
    },
  };
}

/** By crypt(3), of which Debian's has bcrypt. */
const bcrypt = (password: string): string =>
  execFileSync('perl', ['-e', 'print crypt($ARGV[0], "\\$2y\\$05\\$abcdefghijklmnopqrstuu")', password], {
    encoding: 'utf8',
  });

/** Its data and configuration are below `directory`. */
export async function startRegistry(directory: string, options: RegistryOptions = {}): Promise<DockerRegistry> {
  mkdirSync(directory, { recursive: true });
  const config = join(directory, 'config.yml');
  // YAML has JSON in it.
  writeFileSync(config, JSON.stringify(configuration(directory, options)));
  const child = spawn('docker-registry', ['serve', config], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  const host = await new Promise<string>((resolve, reject) => {
    createInterface(child.stderr).on('line', (line) => {
      const found = /listening on (127\.0\.0\.1:\d+)/.exec(line)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.on('error', reject);
    void ended.then(() => reject(new Error('docker-registry ended')));
  });
  return {
    host,
    push(layout, target, ...options) {
      const words = ['--insecure-policy', 'copy', '-q', '--dest-tls-verify=false', ...options];
      execFileSync('skopeo', [...words, `oci:${layout}`, `docker://${host}/${target}`], { stdio: 'pipe' });
    },
    stop() {
      child.kill('SIGTERM');
      return ended;
    },
  };
}
