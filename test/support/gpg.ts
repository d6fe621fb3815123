// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256 } from './oci.ts';

/** A home of gpg with a key of its own. */
export class Gpg {
  // Sockets of its agent have short paths.
  readonly home = mkdtempSync(join(tmpdir(), 'gpg-'));
  readonly fingerprint: string;

  constructor(name: string, kind = 'ed25519') {
    this.run('--quick-generate-key', `${name} <${name}@example.org>`, kind, 'sign', 'never');
    this.fingerprint = /^fpr:+([0-9A-F]+):/m.exec(this.run('--list-keys', '--with-colons').toString())?.[1] ?? '';
  }

  run(...words: string[]): Buffer {
    const args = [
      '--homedir',
      this.home,
      '--batch',
      '--quiet',
      '--pinentry-mode',
      'loopback',
      '--passphrase',
      '',
      ...words,
    ];
    return execFileSync('gpg', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  }

  file(data: Buffer): string {
    const path = join(this.home, `data-${sha256(data).slice(7, 20)}`);
    writeFileSync(path, data);
    return path;
  }

  sign(payload: Buffer, ...options: string[]): Buffer {
    return this.run(...options, '--output', '-', '--sign', this.file(payload));
  }

  publicKey(...options: string[]): string {
    const path = join(this.home, `public${options.length}`);
    writeFileSync(path, this.run(...options, '--export', this.fingerprint));
    return path;
  }

  destroy(): void {
    execFileSync('gpgconf', ['--homedir', this.home, '--kill', 'gpg-agent']);
    rmSync(this.home, { recursive: true, force: true });
  }
}
