// SPDX-License-Identifier: Apache-2.0
// nginx as Debian packages it, under strict, asked through its published port by wrk.
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { debianState } from '../support/debian.ts';
import { NetNs } from '../support/netns.ts';
import { cannotRun, Secure, until } from '../support/secure.ts';

describe.skipIf(cannotRun())('nginx through a published port', () => {
  let netns: NetNs;
  let secure: Secure;

  beforeAll(async () => {
    netns = await NetNs.create();
    secure = await Secure.create({ netns });
    const state = secure.env.SECURE_STATE_ROOT ?? '';
    rmSync(state, { recursive: true });
    await debianState(state, 'nginx-light', 'nginx');
    await secure.detached('--profile', 'strict', '--name', 'web', '-p', '127.0.0.1:8080:80', 'nginx');
    const page = () => netns.run('curl', ['-sfm', '2', 'http://127.0.0.1:8080/']);
    await until('nginx answers', async () => (await page()).stdout.includes('Welcome to nginx'));
  });
  afterAll(async () => {
    await secure.destroy();
    await netns.destroy();
  });

  it.each([1, 4, 32, 128, 512])('answers 1,000 requests on %i connections without an error', async (connections) => {
    const load = ['-t1', `-c${connections}`, '-d1s', '--timeout', '10s', 'http://127.0.0.1:8080/'];
    const output = await netns.output('wrk', ...load);
    expect(Number(/(\d+) requests in/.exec(output)?.[1])).toBeGreaterThanOrEqual(1000);
    expect(output).not.toMatch(/Socket errors|Non-2xx/);
  });
});
