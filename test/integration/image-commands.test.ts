// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CLI } from '../support/cli.ts';
import { debianState } from '../support/debian.ts';
import { ociLayout } from '../support/oci.ts';
import { noExtractor, temporaryDirectory } from '../support/store.ts';

interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function secure(state: string, ...args: string[]): Promise<Result> {
  return cli(state, 'image', ...args);
}

function cli(state: string, ...args: string[]): Promise<Result> {
  const env = { ...process.env, SECURE_STATE_ROOT: state, SECURE_RUN_ROOT: `${state}-run`, NO_COLOR: '1' };
  return new Promise((resolve) => {
    execFile(process.execPath, [CLI, ...args], { env }, (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), stdout, stderr });
    });
  });
}

const json = async (state: string, command: string, ...args: string[]) =>
  JSON.parse((await secure(state, command, '--json', ...args)).stdout);

function missing(): boolean {
  if (process.env.SECURE_MUST_WORK === '1') return false;
  return noExtractor() || !existsSync('/usr/bin/mmdebstrap');
}

describe.skipIf(missing())('secure image', () => {
  it('lists, shows and removes', async () => {
    const state = join(temporaryDirectory(), 'state');
    await debianState(state, 'busybox-static', 'busybox');
    const table = (await secure(state, 'ls')).stdout.split('\n');
    expect(table[0]).toMatch(/^REFERENCE +DIGEST +ORIGIN +ADDED +SIZE$/);
    expect(table[1]).toMatch(/^localhost\/busybox:latest +sha256:[0-9a-f]{12} +built +.* ago +\d\.\d MB$/);
    expect((await secure(state, 'ls', '-q')).stdout).toBe('localhost/busybox:latest\n');
    const shown = await json(state, 'inspect', 'busybox');
    expect(shown).toMatchObject({
      schemaVersion: 1,
      origin: 'built',
      config: { os: 'linux' },
      manifest: { schemaVersion: 2 },
    });
    expect(await json(state, 'rm', 'busybox')).toMatchObject({
      schemaVersion: 1,
      removed: ['localhost/busybox:latest'],
    });
    expect(await json(state, 'ls')).toEqual({ schemaVersion: 1, images: [] });
    expect((await secure(state, 'prune')).code).toBe(0);
  }, 120_000);

  it('imports, and keeps what a hostile image says from the terminal', async () => {
    const directory = temporaryDirectory();
    const state = join(directory, 'state');
    const { digest } = ociLayout(join(directory, 'layout'), {
      layers: [],
      config: { Labels: { a: '\u001b]0;x\u0007' } },
    });
    const imported = await secure(state, 'import', join(directory, 'layout'), '--name', 'app');
    expect(imported).toMatchObject({ code: 0, stdout: `localhost/app:latest@${digest}\n` });
    expect((await secure(state, 'inspect', 'app')).stdout).not.toContain('\u001b');
    writeFileSync(join(directory, 'x'), 'not an image');
    const refused = await secure(state, 'import', join(directory, 'x'), '--name', 'x', '--json');
    expect(refused.code).toBe(2);
    expect(JSON.parse(refused.stdout)).toMatchObject({ schemaVersion: 1, error: { code: 'ARCHIVE_TRUNCATED' } });
  });

  it('checks: 1 while something is wrong, 0 when it was repaired', async () => {
    const directory = temporaryDirectory();
    const state = join(directory, 'state');
    ociLayout(join(directory, 'layout'), { layers: [{ files: [{ path: 'x', data: 'x' }] }] });
    await secure(state, 'import', join(directory, 'layout'), '--name', 'app');
    expect(await cli(state, 'system', 'check', '--deep')).toMatchObject({ code: 0 });
    writeFileSync(join(state, 'images/index.json'), '{}');
    const found = await cli(state, 'system', 'check', '--json');
    expect([found.code, JSON.parse(found.stdout)]).toMatchObject([
      1,
      { schemaVersion: 1, findings: [{ kind: 'index-damaged', repaired: false }] },
    ]);
    expect(await cli(state, 'system', 'check', '--repair')).toMatchObject({ code: 0 });
    expect(await cli(state, 'system', 'check')).toMatchObject({ code: 0 });
  });

  it('lists by name, shows several, and removes what is not used', async () => {
    const directory = temporaryDirectory();
    const state = join(directory, 'state');
    const { digest } = ociLayout(join(directory, 'layout'), { layers: [{ files: [{ path: 'x', data: 'x' }] }] });
    for (const name of ['a', 'a:2', 'b']) await secure(state, 'import', join(directory, 'layout'), '--name', name);
    expect((await secure(state, 'ls', '-q', 'a', 'c')).stdout).toBe('localhost/a:2\nlocalhost/a:latest\n');
    expect((await secure(state, 'ls', '--digests', 'b')).stdout).toContain(` ${digest} `);
    expect(await json(state, 'inspect', 'a', 'b')).toMatchObject({
      images: [
        { reference: 'localhost/a:latest' },
        { reference: 'localhost/b:latest', manifest: { schemaVersion: 2 } },
      ],
    });
    expect((await secure(state, 'inspect', 'a', 'nothing')).stdout).toBe('');
    expect((await secure(state, 'prune', '--all')).stdout.split('\n').slice(0, 4)).toEqual([
      'image localhost/a:2',
      'image localhost/a:latest',
      'image localhost/b:latest',
      expect.stringMatching(/^blob sha256:/),
    ]);
    expect(await json(state, 'prune', '--all')).toMatchObject({ removed: [], blobs: [] });
  });

  it('shows who wrote what, and keeps hostile names from the terminal', async () => {
    const directory = temporaryDirectory();
    const state = join(directory, 'state');
    ociLayout(join(directory, 'layout'), {
      layers: [{ files: [{ path: 'su', data: 'x', mode: 0o4755 }] }, { files: [{ path: '\u001b[2J', data: 'x' }] }],
    });
    await secure(state, 'import', join(directory, 'layout'), '--name', 'app');
    const { stdout } = await secure(state, 'inspect', '--tree', 'app');
    expect(stdout).not.toContain('\u001b');
    expect(stdout.split('\n')).toEqual(expect.arrayContaining(['  set-id su', '  A /su', '  A /\\x1b[2J']));
    expect(await json(state, 'inspect', '--tree', 'app')).toMatchObject({
      images: [{ complete: true, layers: [{ setid: ['su'] }, { paths: [{ path: '\u001b[2J', mark: 'A' }] }] }],
    });
  });

  it('tags, and shows a history that would steer the terminal as text', async () => {
    const directory = temporaryDirectory();
    const state = join(directory, 'state');
    const hostile = `\u001b]0;x\u0007\r${'y'.repeat(60)}`;
    const { digest } = ociLayout(join(directory, 'layout'), {
      layers: [{ files: [{ path: 'x', data: 'x' }] }],
      alterConfig: (config) => ({ ...config, history: [{ created: 'never', created_by: hostile, comment: '\u202e' }] }),
    });
    await secure(state, 'import', join(directory, 'layout'), '--name', 'app');
    expect((await secure(state, 'tag', 'app', 'b', 'c:1')).stdout).toBe(
      `localhost/b:latest@${digest}\nlocalhost/c:1@${digest}\n`,
    );
    for (const flags of [[], ['--no-trunc'], ['--json']]) {
      const { code, stdout } = await secure(state, 'history', 'b', ...flags);
      expect(code).toBe(0);
      for (const char of '\u001b\u0007\r\u202e') expect(stdout).not.toContain(char);
      expect(stdout.includes('y'.repeat(60))).toBe(flags.length > 0);
    }
    expect(await json(state, 'history', 'b')).toMatchObject({ history: [{ createdBy: hostile }] });
  });

  it.each([
    [['ls', '--frob'], 'UNKNOWN_FLAG'],
    [['import'], 'MISSING_ARGUMENT'],
    [['import', '.', '--name', 'a', '--platform', 'x'], 'INVALID_VALUE'],
    [['inspect', 'A'], 'REFERENCE_INVALID'],
    [['inspect', 'nothing'], 'IMAGE_NOT_FOUND'],
    [['rm', 'nothing'], 'IMAGE_NOT_FOUND'],
    [['history', 'nothing'], 'IMAGE_NOT_FOUND'],
    [['tag', 'nothing', 'b'], 'IMAGE_NOT_FOUND'],
    [['tag', 'nothing'], 'MISSING_ARGUMENT'],
    [['debian', '--name', 'x', '--', '-o'], 'INVALID_VALUE'],
    [['debian', 'busybox-static', '--name', 'docker.io/library/x'], 'REFERENCE_INVALID'],
    [['debian', 'busybox-static', '--name', 'x', '--port', '70000'], 'INVALID_VALUE'],
    [['debian', 'busybox-static', '--name', 'x', '--cmd', 'a; b'], 'INVALID_VALUE'],
    [['debian', 'busybox-static', '--name', 'x', '--suite', '../x'], 'INVALID_VALUE'],
  ])('%j is %s', async ([command = '', ...rest], code) => {
    const result = await secure(join(temporaryDirectory(), 'state'), command, '--json', ...rest);
    expect(JSON.parse(result.stdout).error.code).toBe(code);
    expect(result.code).toBe(2);
  });
});
