// SPDX-License-Identifier: Apache-2.0
// What a host may lack, what others may have prepared, and what SIGKILL leaves, for a user without root.
import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ociLayout } from '../support/oci.ts';
import { random } from '../support/random.ts';
import { cannotRunRootless, FIRST, OTHER_USER, Rootless, type RootlessOptions, USER } from '../support/rootless.ts';
import { errorCode } from '../support/secure.ts';

describe.skipIf(cannotRunRootless())('without root', () => {
  const user = new Rootless();
  let layout = '';
  let number = 0;
  beforeAll(() => {
    const files = Array.from({ length: 400 }, (_, i) => ({
      path: `d${i % 20}/f${i}`,
      data: `${i}`.repeat(3000),
      uid: i,
      mode: 0o600,
    }));
    const layers = [0, 1, 2].map((n) => ({ files: files.slice(n * 100), compression: 'gzip' as const }));
    layout = ociLayout(join(user.root, 'layout'), { layers }).directory;
  });
  afterAll(() => user.destroy());
  const fresh = () => join(user.home, `data${number++}`);
  const list = (options: RootlessOptions) => user.call(['image', 'ls'], options);

  it.each<[string, string, RootlessOptions, RegExp]>([
    ['no user ids', 'SUBIDS_MISSING', { subuid: '' }, /somebody:\d+:65536.*\n?/],
    ['no group ids', 'SUBIDS_MISSING', { subgid: `else:${FIRST}:65536\n` }, /\/etc\/subgid/],
    ['no newuidmap', 'TOOL_MISSING', { over: { '/usr/bin/newuidmap': '/dev/null' } }, /newuidmap.*\n.*uidmap/],
    ['no newgidmap', 'TOOL_MISSING', { over: { '/usr/bin/newgidmap': '/dev/null' } }, /newgidmap/],
    ['a newuidmap that fails', 'USERNS_FAILED', { over: { '/usr/bin/newuidmap': '/bin/false' } }, /newuidmap refused/],
    ['no_new_privs', 'USERNS_FAILED', { before: ['setpriv', '--no-new-privs'] }, /hint: no_new_privs is set/],
  ])('%s is one error with the next step, and nothing is made', async (_, code, options, text) => {
    const env = { XDG_DATA_HOME: fresh() };
    const result = await list({ ...options, env });
    expect([result.code, errorCode(result), result.stdout]).toEqual([3, code, '']);
    expect(result.stderr).toMatch(text);
    // One error: two lines, whoever has said what.
    expect(result.stderr.trimEnd().split('\n')).toHaveLength(2);
    expect(existsSync(join(env.XDG_DATA_HOME, 'secure/images'))).toBe(false);
    const json = await user.call(['image', 'ls', '--json'], { ...options, env });
    expect([json.code, json.stderr, JSON.parse(json.stdout)]).toMatchObject([
      3,
      '',
      { schemaVersion: 1, error: { code } },
    ]);
  });

  it('a range that others have is what newuidmap refuses', async () => {
    // As if somebody had changed the file between its two readers.
    const args = ['namespace', '--uids', `0:${USER}:1,1:500000000:10`, '--gids', `0:${USER}:1,1:${FIRST}:10`, '--'];
    const runtime = join(user.root, 'checkout/build/release/secure-runtime');
    const result = await user.program([runtime, ...args, '/bin/id']);
    expect([result.code, errorCode(result)]).toEqual([3, 'USERNS_FAILED']);
    expect(result.stderr).toMatch(/newuidmap.*range/);
    for (const bad of ['', '0:1', '0:1:0', '0:1:-1', '0:1:1,', 'a:1:1', '0:4294967296:1', '0:1:1:1']) {
      const refused = await user.program([runtime, 'namespace', '--uids', bad, '--gids', '0:1:1', '--', '/bin/id']);
      expect([bad, refused.code]).toEqual([bad, 2]);
    }
    expect((await user.program([runtime, ...args, 'id'])).code).toBe(2);
  });

  it('help and mistakes are answered without any of it', async () => {
    const none = { subuid: '', subgid: '' };
    const help = await user.call(['image', 'pull', '--help'], none);
    expect([help.code, help.stdout]).toEqual([0, expect.stringContaining('secure image pull')]);
    expect(errorCode(await user.call(['image', 'pull', '--nonsense'], none))).toBe('UNKNOWN_FLAG');
    expect(errorCode(await user.call(['image', 'rm'], none))).toBe('MISSING_ARGUMENT');
  });

  it.each<[string, (path: string) => string]>([
    ['a directory that everybody may write', (path) => user.own(path, 0o777)],
    [
      "somebody else's",
      (path) => {
        mkdirSync(path);
        chownSync(path, OTHER_USER, OTHER_USER);
        return path;
      },
    ],
    [
      'a link to somebody else’s',
      (path) => {
        mkdirSync(`${path}-theirs`);
        chownSync(`${path}-theirs`, OTHER_USER, OTHER_USER);
        symlinkSync(`${path}-theirs`, path);
        return path;
      },
    ],
    [
      'a store that is a link out',
      (path) => {
        user.own(path);
        mkdirSync(`${path}-theirs`);
        chownSync(`${path}-theirs`, OTHER_USER, OTHER_USER);
        symlinkSync(`${path}-theirs`, join(path, 'secure'));
        return path;
      },
    ],
    ['a place that is closed', () => '/root/there'],
    ['root’s own store', () => '/var/lib'],
  ])('XDG_DATA_HOME is %s: refused', async (_, make) => {
    const path = make(fresh());
    const result = await list({ env: { XDG_DATA_HOME: path } });
    expect([errorCode(result), result.stdout]).toEqual(['STORE_FOREIGN', '']);
    expect((await list({})).code).toBe(0);
  });

  it('another user does not get into the store', async () => {
    expect((await list({})).code).toBe(0);
    const line = `else:${FIRST + 1_000_000}:65536\n`;
    const other = { user: OTHER_USER, subuid: line, subgid: line, cwd: '/' };
    chmodSync(user.home, 0o755);
    for (const path of ['.local', '.local/share']) chmodSync(join(user.home, path), 0o755);
    const env = { SECURE_STATE_ROOT: user.store };
    expect(errorCode(await list({ ...other, env }))).toBe('STORE_FOREIGN');
    // By ids of their own, and from a namespace that they have made themselves.
    const program = ['unshare', '-Ur', 'ls', user.store];
    expect((await user.program(program, other)).stderr).toContain('Permission denied');
  });

  it('what a command is given goes along: variables, umask, standard input, its directory, its process', async () => {
    const script = `umask 027; echo $$; exec "$@"`;
    const runtime = join(user.root, 'checkout/build/release/secure-runtime');
    const map = ['--uids', `0:${USER}:1,1:${FIRST}:65536`, '--gids', `0:${USER}:1,1:${FIRST}:65536`];
    const ask = 'echo $$; umask; pwd; echo "$ODD"; cat; id -u; cat /proc/self/setgroups';
    const { stdout, stderr } = await user.program(
      ['sh', '-c', script, 'sh', runtime, 'namespace', ...map, '--', '/bin/sh', '-c', ask],
      { env: { ODD: 'a=b\n c' }, input: 'in\n' },
    );
    const [before, after, ...rest] = stdout.split('\n');
    expect([after, stderr]).toEqual([before, '']);
    expect(rest.join('\n')).toBe(`0027\n${user.home}\na=b\n c\nin\n0\nallow\n`);
  });

  it('in a namespace already, root of it stays there; its store is the same', async () => {
    const env = { XDG_DATA_HOME: fresh() };
    expect((await list({ env })).code).toBe(0);
    const runtime = join(user.root, 'checkout/build/release/secure-runtime');
    const map = ['--uids', `0:${USER}:1,1:${FIRST}:65536`, '--gids', `0:${USER}:1,1:${FIRST}:65536`];
    const inside = (...args: string[]) => ['image', 'ls', ...args];
    const before = [runtime, 'namespace', ...map, '--'];
    const state = { SECURE_STATE_ROOT: join(env.XDG_DATA_HOME, 'secure'), SECURE_RUN_ROOT: join(user.home, 'run/x') };
    // An absolute path to env(1), as the harness goes on with a name.
    const result = await user.call(inside(), { env: { ...env, ...state }, before: [...before, '/usr/bin/env'] });
    expect([result.code, result.stderr]).toEqual([0, '']);
    // One with other ids is another one: by unshare(1), with nothing but the user.
    const other = await user.call(inside(), { env: { ...env, ...state }, before: ['unshare', '-Ur'] });
    expect(errorCode(other)).toBe('STORE_FOREIGN');
  });

  it('root is nobody in a namespace; a configuration of the machine counts all the same, one of a stranger does not', async () => {
    const etc = join(user.root, 'small-etc');
    mkdirSync(join(etc, 'secure'), { recursive: true });
    writeFileSync(join(etc, 'secure/config.yaml'), 'nonsense: 1\n');
    writeFileSync(join(etc, 'passwd'), `somebody:x:${USER}:${USER}::${user.home}:/bin/sh\n`);
    for (const name of ['subuid', 'subgid']) writeFileSync(join(etc, name), `somebody:${FIRST}:65536\n`);
    const shared = join(user.root, 'shared');
    mkdirSync(shared);
    writeFileSync(join(shared, 'secure.yaml'), 'profile: baseline\n');
    chownSync(join(shared, 'secure.yaml'), OTHER_USER, OTHER_USER);
    const pull = ['image', 'pull', '-q', '127.0.0.1:1/none'];
    const theirs = await user.call(pull, { cwd: shared });
    expect([errorCode(theirs), theirs.stderr]).toEqual(['CONFIG_INVALID', expect.stringContaining('not trusted')]);
    const machine = await user.call(pull, { over: { '/etc': etc } });
    expect(machine.stderr).toContain('/etc/secure/config.yaml:1:1: unknown key "nonsense"');
  });

  it('SIGKILL at any moment leaves a store in which nothing is wrong, and leftovers that go', async () => {
    const chance = random();
    const env = { XDG_DATA_HOME: fresh() };
    const state = join(env.XDG_DATA_HOME, 'secure');
    const args = ['image', 'import', layout, '--name', 'killed'];
    const began = performance.now();
    expect((await user.call(args, { env: { XDG_DATA_HOME: fresh() } })).code).toBe(0);
    const whole = performance.now() - began;
    for (let i = 0; i < 12; i++) {
      const [program, words] = user.words(user.cli(args), { env });
      const child = spawn(program, words, { cwd: user.home, stdio: 'ignore' });
      const ended = new Promise((resolve) => child.on('close', resolve));
      await delay(chance.int(Math.ceil(whole)));
      child.kill('SIGKILL');
      await ended;
    }
    const checked = await user.call(['system', 'check', '--deep'], { env });
    expect([checked.code, checked.stderr]).toEqual([0, '']);
    expect((await user.call(args, { env })).code).toBe(0);
    expect((await user.call(['image', 'rm', 'killed'], { env })).code).toBe(0);
    expect((await user.call(['system', 'prune'], { env })).code).toBe(0);
    expect([readdirSync(join(state, 'layers')), readdirSync(join(state, 'tmp'))]).toEqual([[], []]);
    expect(statSync(state).uid).toBe(USER);
    // All of them name the checkout as this user sees it, or a directory of the store; other tests have the same user.
    const processes = execFileSync('ps', ['-eo', 'args='], { encoding: 'utf8' }).split('\n');
    expect(processes.filter((line) => line.includes(user.root))).toEqual([]);
    expect(readFileSync(join(state, 'ids.json'), 'utf8')).toContain(String(FIRST));
  });
});
