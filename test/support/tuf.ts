// SPDX-License-Identifier: Apache-2.0
// A repository of The Update Framework, made and signed here (TUF specification 1.0, sections 3 and 4), so that what is verified was made by others.
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type FakeRegistry, send } from './registry.ts';

type Role = 'root' | 'timestamp' | 'snapshot' | 'targets';
const ROLES: readonly Role[] = ['root', 'timestamp', 'snapshot', 'targets'];
type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** OLPC canonical JSON, of what metadata has in it. */
export function canonical(value: Json): string {
  if (typeof value === 'string') return `"${value.replaceAll(/["\\]/g, '\\$&')}"`;
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, one]) => `${canonical(key)}:${canonical(one as Json)}`).join(',')}}`;
}

export class TufKey {
  readonly #pair: { publicKey: KeyObject; privateKey: KeyObject };
  readonly id: string;
  readonly json: Json;

  constructor(kind: 'ed25519' | 'ecdsa' = 'ecdsa') {
    this.#pair =
      kind === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const { publicKey } = this.#pair;
    const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url').toString('hex');
    this.json =
      kind === 'ed25519'
        ? { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: raw } }
        : {
            keytype: 'ecdsa',
            scheme: 'ecdsa-sha2-nistp256',
            keyval: { public: publicKey.export({ type: 'spki', format: 'pem' }) as string },
          };
    this.id = createHash('sha256').update(canonical(this.json)).digest('hex');
  }

  sign(data: string): string {
    const { privateKey } = this.#pair;
    return sign(privateKey.asymmetricKeyType === 'ed25519' ? null : 'sha256', Buffer.from(data), privateKey).toString(
      'hex',
    );
  }
}

const inDays = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString().replace(/\.\d+Z$/, 'Z');

export class TufRepository {
  /** By path below the mirror. */
  readonly files = new Map<string, Buffer>();
  readonly keys: Record<Role, TufKey[]> = {
    root: [new TufKey(), new TufKey('ed25519'), new TufKey()],
    timestamp: [new TufKey('ed25519')],
    snapshot: [new TufKey()],
    targets: [new TufKey(), new TufKey()],
  };
  readonly thresholds: Record<Role, number> = { root: 2, timestamp: 1, snapshot: 1, targets: 2 };
  readonly versions: Record<Role, number> = { root: 0, timestamp: 0, snapshot: 0, targets: 0 };
  readonly expires: Record<Role, string> = {
    root: inDays(30),
    timestamp: inDays(7),
    snapshot: inDays(7),
    targets: inDays(30),
  };

  #signed(role: Role, body: { readonly [key: string]: Json }, keys: readonly TufKey[] = this.keys[role]): Buffer {
    this.versions[role] += 1;
    const common = { _type: role, spec_version: '1.0.31', version: this.versions[role], expires: this.expires[role] };
    const signed = { ...common, ...body };
    const text = canonical(signed);
    return Buffer.from(
      JSON.stringify({ signed, signatures: keys.map((key) => ({ keyid: key.id, sig: key.sign(text) })) }),
    );
  }

  /** A new root; signed by the keys of the one before, too, unless others are given. */
  root(before: readonly TufKey[] = []): Buffer {
    const everyone = ROLES.flatMap((role) => this.keys[role]);
    const roles = ROLES.map((role) => [
      role,
      { keyids: this.keys[role].map(({ id }) => id), threshold: this.thresholds[role] },
    ]);
    const body = {
      consistent_snapshot: true,
      keys: Object.fromEntries(everyone.map(({ id, json }) => [id, json])),
      roles: Object.fromEntries(roles) as Json,
    };
    const data = this.#signed('root', body, [...new Set([...this.keys.root, ...before])]);
    this.files.set(`${this.versions.root}.root.json`, data);
    return data;
  }

  targets(files: Readonly<Record<string, string>>): void {
    const entries = Object.entries(files).map(([name, text]) => {
      const sha256 = createHash('sha256').update(text).digest('hex');
      this.files.set(`targets/${sha256}.${name}`, Buffer.from(text));
      return [name, { length: Buffer.byteLength(text), hashes: { sha256 } }];
    });
    const data = this.#signed('targets', { targets: Object.fromEntries(entries) as Json });
    this.files.set(`${this.versions.targets}.targets.json`, data);
  }

  snapshot(): void {
    const data = this.#signed('snapshot', { meta: { 'targets.json': { version: this.versions.targets } } });
    this.files.set(`${this.versions.snapshot}.snapshot.json`, data);
  }

  timestamp(): void {
    const data = this.#signed('timestamp', { meta: { 'snapshot.json': { version: this.versions.snapshot } } });
    this.files.set('timestamp.json', data);
  }

  /** Everything after the root. */
  release(files: Readonly<Record<string, string>>): void {
    this.targets(files);
    this.snapshot();
    this.timestamp();
  }

  /** Put it on a server below /tuf, in place of what was there. */
  serve(server: FakeRegistry): string {
    for (const path of [...server.routes.keys()]) if (path.startsWith('/tuf/')) server.routes.delete(path);
    for (const [path, data] of this.files) server.routes.set(`/tuf/${path}`, send(200, data));
    return `http://${server.host}/tuf`;
  }

  write(directory: string): void {
    for (const [path, data] of this.files) {
      mkdirSync(dirname(join(directory, path)), { recursive: true });
      writeFileSync(join(directory, path), data);
    }
  }
}
