// SPDX-License-Identifier: Apache-2.0
import { isAbsolute, join } from 'node:path';
import { SecureError } from '../../errors.ts';
import { parseDigest } from './digest.ts';

/** The two directories of docs/state.md. */
export interface StoreRoots {
  readonly state: string;
  readonly run: string;
}

function root(name: string, value: string | undefined, fallback: string): string {
  if (value === undefined || value === '') return fallback;
  if (!isAbsolute(value)) throw new SecureError('INVALID_VALUE', `${name} is not an absolute path: ${value}`);
  return value;
}

/** The roots of this process: `SECURE_STATE_ROOT` and `SECURE_RUN_ROOT`, else the system's. */
export function rootsFromEnv(env: NodeJS.ProcessEnv = process.env): StoreRoots {
  return {
    state: root('SECURE_STATE_ROOT', env.SECURE_STATE_ROOT, '/var/lib/secure'),
    run: root('SECURE_RUN_ROOT', env.SECURE_RUN_ROOT, '/run/secure'),
  };
}

/** Where everything is below the state root. Digests are parsed before they become a path. */
export class StorePaths {
  readonly state: string;
  readonly lock: string;
  readonly images: string;
  readonly blobs: string;
  readonly references: string;
  readonly layers: string;
  readonly tmp: string;
  readonly containers: string;

  constructor(state: string) {
    this.state = state;
    this.lock = join(state, 'lock');
    this.images = join(state, 'images');
    this.blobs = join(this.images, 'blobs');
    this.references = join(state, 'references');
    this.layers = join(state, 'layers');
    this.tmp = join(state, 'tmp');
    this.containers = join(state, 'containers');
  }

  blob(digest: string): string {
    const { algorithm, hex } = this.#parts(digest);
    return join(this.blobs, algorithm, hex);
  }

  layer(diffId: string): string {
    return join(this.layers, this.#parts(diffId).hex);
  }

  #parts(digest: string) {
    const parts = parseDigest(digest);
    if (parts === undefined) throw new SecureError('LAYOUT_INVALID', `${JSON.stringify(digest)} is no digest`);
    return parts;
  }
}
