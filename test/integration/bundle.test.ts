// SPDX-License-Identifier: Apache-2.0
// dist/ against the source that it was made from: the same output, exit code and errors, however it was cut into files.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cannotRun, Secure } from '../support/secure.ts';
import { Sigstore } from '../support/signatures.ts';
import { TufRepository } from '../support/tuf.ts';

const PROJECT = join(import.meta.dirname, '..', '..');
const SOURCE = join(PROJECT, 'src', 'cli.ts');

describe.skipIf(cannotRun())('the bundle', () => {
  let secure: Secure;
  let bundled = '';
  beforeAll(async () => {
    secure = await Secure.create();
    // An installation: the native parts lie beside dist/.
    const installed = join(secure.root, 'installed');
    mkdirSync(installed);
    symlinkSync(join(PROJECT, 'build'), join(installed, 'build'));
    execFileSync(process.execPath, [join(PROJECT, 'scripts', 'bundle.ts'), join(installed, 'dist')]);
    bundled = join(installed, 'dist', 'cli.js');
    const head = 'apiVersion: secure/v1\nkind: Policy\n';
    writeFileSync(
      join(secure.root, 'tight.yaml'),
      `${head}extends: strict\nrequires: {secure: ">=0.1"}\nrun: {pids: 7}\n`,
    );
    writeFileSync(join(secure.root, 'future.yaml'), `${head}extends: strict\nrequires: {secure: ">=99"}\n`);
    writeFileSync(join(secure.root, 'wrong.yaml'), `${head}run: {pids: [], memroy: 1}\n`);
    writeFileSync(join(secure.root, 'broken.yaml'), 'a: [\n');
    writeFileSync(join(secure.root, 'policy.json'), '{"default":[{"type":"reject"}]}');
  });
  afterAll(() => secure.destroy());

  const call = (cli: string, argv: readonly string[], env = {}) => {
    const options = { cwd: secure.root, env: { ...secure.env, ...env }, encoding: 'utf8' } as const;
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--', cli, ...argv], options);
    return { status, stdout, stderr };
  };

  it.each([
    // Set aside as files of their own: YAML, the compiled schema, semver, help.
    ['run --dry-run --json --trust --profile ./tight.yaml busybox true', 0],
    ['run --profile ./future.yaml busybox', 125],
    ['run --profile ./wrong.yaml busybox', 125],
    ['run --profile ./broken.yaml busybox', 125],
    ['run --help', 0],
    ['run --dry-run --json busybox true', 0],
    ['run --dry-run --profile baseline busybox true', 0],
    ['run --dry-run --json --trust --profile strict busybox true', 0],
    ['run --rm busybox echo hello', 0],
    ['run --json --profile stirct busybox', 125],
    ['run --pull never none', 125],
    ['run --memory 1x busybox', 125],
    ['run', 125],
    ['runn', 2],
    ['--version', 0],
    ['--help', 0],
    ['image ls --json', 0],
    ['policy validate strict tight.yaml wrong.yaml', 1],
    ['image trust show', 2],
    ['image trust update --mirror file:///nowhere', 1],
    ['policy import podman policy.json', 0],
    ['inspect nothing', 1],
  ])('secure %s', (line, status) => {
    const expected = call(SOURCE, line.split(' '));
    expect(expected.status).toBe(status);
    expect(call(bundled, line.split(' '))).toEqual(expected);
  });

  it('a trusted root is fetched, and counts', async () => {
    const tuf = new TufRepository();
    const [mirror, pin] = [join(secure.root, 'tuf'), join(secure.root, 'root.json')];
    writeFileSync(pin, tuf.root());
    tuf.release({ 'trusted_root.json': JSON.stringify((await Sigstore.create()).root) });
    tuf.write(mirror);
    const flags = ['--mirror', `file://${mirror}`, '--root', pin];
    for (const action of ['update', 'show'])
      expect(call(bundled, ['image', 'trust', action, ...flags])).toMatchObject({ status: 0, stderr: '' });
  });

  it('a configuration file is read', () => {
    const cwd = join(secure.root, 'configured');
    mkdirSync(cwd);
    writeFileSync(join(cwd, 'secure.yaml'), 'profile: strict\n');
    const options = { cwd, env: secure.env, encoding: 'utf8' } as const;
    const { stdout } = spawnSync(
      process.execPath,
      ['--', bundled, 'run', '--dry-run', '--json', '--trust', 'busybox'],
      options,
    );
    expect(JSON.parse(stdout).secure.profile).toBe('strict');
  });

  it('what is configured of registries is read by every command', () => {
    const directory = join(secure.root, '.config/secure');
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'config.yaml'), 'registries:\n  registry.example: { insecur: true }\n');
    try {
      for (const line of ['image pull registry.example/x', 'search registry.example/x', 'run --dry-run busybox true']) {
        const expected = call(SOURCE, line.split(' '));
        expect(expected.stderr).toContain('config.yaml:2:23: ');
        expect(call(bundled, line.split(' '))).toEqual(expected);
      }
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('a run with a built-in policy reads none of what is set aside', () => {
    const packages = join(secure.root, 'installed', 'dist', 'packages');
    const moved = `${packages}.away`;
    execFileSync('mv', [packages, moved]);
    try {
      expect(call(bundled, ['run', '--rm', 'busybox', 'echo', 'bare'])).toMatchObject({ status: 0, stdout: 'bare\n' });
      expect(call(bundled, ['run', '--dry-run', '--trust', '--profile', './tight.yaml', 'busybox']).status).toBe(125);
    } finally {
      execFileSync('mv', [moved, packages]);
    }
  });
});
