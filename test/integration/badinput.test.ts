// SPDX-License-Identifier: Apache-2.0
// Whatever is typed: one line that names the trouble, one exit code, no stack, nothing left behind.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cannotRun, errorCode, Secure } from '../support/secure.ts';

describe.skipIf(cannotRun())('bad input', () => {
  let secure: Secure;
  beforeAll(async () => {
    secure = await Secure.create();
    execFileSync('mkfifo', [join(secure.root, 'fifo')]);
    mkdirSync(join(secure.root, 'project'));
    writeFileSync(join(secure.root, 'broken.yaml'), 'apiVersion: secure/v1\nkind: Policy\nrun: {');
  });
  afterAll(() => secure.destroy());

  it.each<[string, string[]]>([
    ['MISSING_ARGUMENT', []],
    ['MISSING_ARGUMENT', ['--rm']],
    ['MISSING_ARGUMENT', ['']],
    ['MISSING_ARGUMENT', ['--name']],
    ['UNKNOWN_FLAG', ['--nmae', 'x', 'busybox']],
    ['UNKNOWN_FLAG', ['-x', '80:80', 'busybox']],
    ['INVALID_VALUE', ['--name', '', 'busybox']],
    ['INVALID_VALUE', ['--name', '../../etc', 'busybox']],
    ['INVALID_VALUE', ['--name', 'a\nb', 'busybox']],
    ['INVALID_VALUE', ['-m', '-1', 'busybox']],
    ['INVALID_VALUE', ['-m', '9'.repeat(1000), 'busybox']],
    ['INVALID_VALUE', ['--cpus', 'NaN', 'busybox']],
    ['INVALID_VALUE', ['--pids-limit', '0', 'busybox']],
    ['INVALID_VALUE', ['--ulimit', 'nofile=2:1', 'busybox']],
    ['INVALID_VALUE', ['-v', 'data:/x', 'busybox']],
    ['INVALID_VALUE', ['-v', '/missing:/x', 'busybox']],
    ['INVALID_VALUE', ['--env-file', 'fifo', 'busybox']],
    ['INVALID_VALUE', ['--network', 'host', 'busybox']],
    ['INVALID_VALUE', ['--stop-signal', 'SIGNOPE', 'busybox']],
    ['REFERENCE_INVALID', ['Busy Box']],
    ['REFERENCE_INVALID', ['../busybox']],
    ['REFERENCE_INVALID', ['busybox@sha256:short']],
    ['IMAGE_NOT_FOUND', ['--pull', 'never', 'no-such-image']],
    ['PROFILE_UNKNOWN', ['--profile', 'strcit', 'busybox']],
    ['POLICY_UNREADABLE', ['--profile', './fifo', 'busybox']],
    ['POLICY_UNREADABLE', ['--profile', './missing.yaml', 'busybox']],
    ['POLICY_SYNTAX', ['--profile', './broken.yaml', 'busybox']],
    ['USER_INVALID', ['-u', '', 'busybox']],
    ['USER_NOT_FOUND', ['-u', 'nobody-here', 'busybox']],
    ['PRIVILEGED_REFUSED', ['--privileged', 'busybox']],
    ['MOUNT_REFUSED', ['-v', '/:/host', 'busybox']],
    ['MOUNT_REFUSED', ['-v', '/proc:/host', 'busybox']],
    ['IMAGE_UNTRUSTED', ['--profile', 'strict', 'busybox']],
    ['POLICY_DENIED', ['--profile', 'strict', '--trust', '-u', '0', 'busybox']],
  ])('%s: run %j', async (code, argv) => {
    const { code: exit, stdout, stderr } = await secure.run('run', ...argv);
    expect(stderr).toMatch(new RegExp(`^secure: ${code}: .+\\n( {2}.*\\n)*$`));
    expect([exit, stdout]).toEqual([125, '']);
    const asJson = await secure.run('run', '--json', ...argv);
    if (argv[0] === '--name' && argv.length === 1) return;
    expect(JSON.parse(asJson.stdout)).toMatchObject({ schemaVersion: 1, error: { code } });
    expect([asJson.code, asJson.stderr]).toEqual([125, '']);
  });

  it('nothing of all this was left behind', async () => {
    await secure.run('run', '--name', '', 'busybox');
    expect(await secure.containers()).toEqual([]);
    expect(readdirSync(join(secure.root, 'state', 'tmp'))).toEqual([]);
    expect(existsSync(join(secure.root, 'state', 'plans'))).toBe(false);
  });

  it.each<[string[], number, string]>([
    [['rnu'], 2, 'USAGE'],
    [['image', 'lss'], 2, 'USAGE'],
    [['--rm'], 2, 'UNKNOWN_FLAG'],
    [['ps', 'extra'], 2, 'USAGE'],
    [['ps', '--al'], 2, 'UNKNOWN_FLAG'],
    [['rm'], 2, 'MISSING_ARGUMENT'],
    [['logs', '--tail', '-1', 'x'], 2, 'INVALID_VALUE'],
    [['logs', '--since', 'yesterday', 'x'], 2, 'INVALID_VALUE'],
    [['logs', 'nobody'], 1, 'NO_SUCH_CONTAINER'],
    [['logs', '../../etc'], 1, 'NO_SUCH_CONTAINER'],
    [['stop', '--time', '-1', 'x'], 2, 'INVALID_VALUE'],
    [['kill', '-s', '99', 'x'], 2, 'INVALID_VALUE'],
    [['inspect', '--', '--force'], 1, 'NO_SUCH_CONTAINER'],
  ])('%j: %d %s', async (argv, exit, code) => {
    const result = await secure.run(...argv);
    expect([result.code, errorCode(result), result.stdout]).toEqual([exit, code, '']);
    expect(result.stderr).not.toMatch(/\n {4}at /);
  });

  it('without root it says so, and where the trouble is', async () => {
    const result = await secure.call(['run', 'busybox', 'true'], { uid: 65534, cwd: '/' });
    expect([result.code, errorCode(result)]).toEqual([125, 'NOT_ROOT']);
  });

  it('without its runtime it names the places', async () => {
    const result = await secure.call(['ps'], { env: { SECURE_RUNTIME: '/missing/secure-runtime' } });
    expect([result.code, errorCode(result)]).toEqual([3, 'RUNTIME_MISSING']);
    const run = await secure.call(['run', 'busybox', 'true'], { env: { SECURE_RUNTIME: '/missing/secure-runtime' } });
    expect([run.code, errorCode(run)]).toEqual([125, 'RUNTIME_MISSING']);
  });

  it('a bug shows its stack only when asked', async () => {
    // A state root that is a file is nothing that the code expects.
    const env = { SECURE_STATE_ROOT: join(secure.root, 'broken.yaml') };
    const plain = await secure.call(['run', 'busybox', 'true'], { env });
    expect([plain.code, plain.stderr.includes('\n    at ')]).toEqual([125, false]);
    const debug = await secure.call(['run', 'busybox', 'true'], { env: { ...env, SECURE_DEBUG: '1' } });
    expect(debug.stderr).toContain('\n    at ');
  });

  it('a secure.yaml of somebody else does not choose the profile', async () => {
    const cwd = join(secure.root, 'project');
    execFileSync('chmod', ['0755', secure.root, cwd]);
    writeFileSync(join(cwd, 'secure.yaml'), 'profile: baseline\n');
    expect((await secure.call(['run', '--dry-run', 'busybox'], { cwd })).stdout).toContain('baseline');
    execFileSync('chown', ['1234', join(cwd, 'secure.yaml')]);
    const result = await secure.call(['run', '--dry-run', 'busybox'], { cwd });
    expect([result.code, errorCode(result)]).toEqual([125, 'CONFIG_INVALID']);
  });
});
