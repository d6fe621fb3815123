// SPDX-License-Identifier: Apache-2.0
// Guides do what they say: their files are written, their commands run, and what they print is compared.

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLI } from '../support/cli.ts';
import { type DockerRegistry, noRegistry, startRegistry } from '../support/docker-registry.ts';
import { blocksOf, patternOf, stepsOf } from '../support/guide.ts';
import { cannotRun, Secure } from '../support/secure.ts';

const GUIDES = ['policy'];

const month = () => new Date(Date.now() + 30 * 24 * 3600_000).toISOString().slice(0, 10);

/** A registry of one's own by the name that guides have for it. */
const REGISTRY = 'registry.example/policies';

describe.skipIf(cannotRun() || noRegistry()).each(GUIDES)('docs/guide/%s.md', (guide) => {
  let secure: Secure;
  let registry: DockerRegistry;
  /** The last one that was printed. */
  let digest = '';
  const here = (text: string) => text.replaceAll(REGISTRY, `${registry.host}/policies`);
  beforeAll(async () => {
    secure = await Secure.create({ netns: 'host' });
    registry = await startRegistry(join(secure.root, 'registry'));
    writeFileSync(join(secure.root, 'secure'), `#!/bin/sh\nexec "${process.execPath}" "${CLI}" "$@"\n`, {
      mode: 0o755,
    });
  });
  afterAll(async () => {
    await registry.stop();
    await secure.destroy();
  });

  it.each(blocksOf(guide).map((block) => [block.line, block] as const))(
    'line %i',
    { timeout: 120_000 },
    async (_, block) => {
      if (block.language === 'yaml') {
        const [, name] = /^# (\S+)\n/.exec(block.text) ?? [];
        expect(name, 'a file of a guide begins with its name').toBeDefined();
        const path = join(secure.root, name ?? '');
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, here(block.text).replace('NEXT-MONTH', month()).replace('DIGEST', digest));
        if (!block.text.includes('kind: Policy')) return;
        expect(await secure.run('policy', 'validate', path)).toMatchObject({ code: 0 });
        expect(await secure.run('policy', 'test', path)).toMatchObject({ code: 0 });
        return;
      }
      expect(block.language).toBe('console');
      for (const { command, output } of stepsOf(block)) {
        const result = await secure.shell(`PATH="${secure.root}:$PATH"; ${here(command)}`);
        digest = /sha256:[0-9a-f]{64}/.exec(result.stdout)?.[0] ?? digest;
        expect(result.stdout, `${command}\n${result.stderr}`).toMatch(patternOf(here(output)));
      }
    },
  );
});
