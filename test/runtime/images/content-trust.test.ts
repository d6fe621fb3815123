// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseReference } from '../../../src/runtime/images/reference.ts';
import { contentTrustNotice } from '../../../src/runtime/images/signatures/content-trust.ts';
import { temporaryDirectory } from '../../support/store.ts';

const NGINX = parseReference('nginx:1');

describe('content trust of docker', () => {
  it.each(['1', 't', 'true', 'TRUE'])('is told of where it is switched on by %s', (value) => {
    expect(contentTrustNotice({ DOCKER_CONTENT_TRUST: value }, NGINX)).toContain('2026-12-08');
  });

  it.each([undefined, '', '0', 'false', 'yes'])('is not told of where docker takes %s for off', (value) => {
    const env = { DOCKER_CONTENT_TRUST: value, HOME: temporaryDirectory() };
    expect(contentTrustNotice(env, NGINX)).toBeUndefined();
  });

  it.each(['HOME', 'DOCKER_CONFIG'])('is told of where docker has used it for the repository, below %s', (name) => {
    const directory = temporaryDirectory();
    const config = name === 'HOME' ? join(directory, '.docker') : directory;
    const metadata = join(config, 'trust/tuf/docker.io/library/nginx/metadata');
    mkdirSync(metadata, { recursive: true });
    writeFileSync(join(metadata, 'root.json'), '{}');
    const env = { HOME: temporaryDirectory(), [name]: directory };
    expect(contentTrustNotice(env, NGINX)).toContain('docker.io/library/nginx');
    expect(contentTrustNotice(env, parseReference('redis:1'))).toBeUndefined();
    expect(contentTrustNotice(env, parseReference('r.example/library/nginx:1'))).toBeUndefined();
  });
});
