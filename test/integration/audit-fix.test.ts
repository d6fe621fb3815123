// SPDX-License-Identifier: Apache-2.0
// `secure audit ... --fix`: what a dry run prints is what is done, and what cannot be done is one error.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { errorCode, Secure } from '../support/secure.ts';

const DOCKERFILE = `# syntax=docker/dockerfile:1
FROM debian:12
# the lists go
RUN apt-get update \\
    && apt-get install -y curl
ADD app.json /app/
ADD rootfs /
USER 10001
`;
const REPAIRED = DOCKERFILE.replace('-y curl\n', '-y curl \\\n    && rm -rf /var/lib/apt/lists/*\n').replace(
  'ADD app.json',
  'COPY app.json',
);

const schema = JSON.parse(readFileSync(new URL('../../schemas/fixes.schema.json', import.meta.url), 'utf8')) as object;
const validate = new Ajv2020({ allErrors: true, strict: false }).compile(schema);
const follows = (plan: unknown): void => {
  validate(plan);
  expect(validate.errors ?? []).toEqual([]);
};

describe('secure audit dockerfile --fix', () => {
  let secure: Secure;
  let dir: string;
  const put = (name: string, text: string): string => {
    writeFileSync(join(dir, name), text);
    return join(dir, name);
  };
  const text = (name = 'Dockerfile'): string => readFileSync(join(dir, name), 'utf8');
  const fix = (...args: string[]) => secure.call(['audit', 'dockerfile', ...args], { cwd: dir });
  const undo = (stderr: string): string => /^how to undo it: (.*)$/m.exec(stderr)?.[1] ?? '';

  beforeAll(async () => {
    secure = await Secure.create({ netns: 'host' });
  });
  beforeEach(() => {
    dir = mkdtempSync(join(secure.root, 'files-'));
    put('Dockerfile', DOCKERFILE);
  });
  afterAll(() => secure?.destroy());

  it.each([
    ['git apply', ['git', 'apply', '-']],
    ['patch', ['patch', '-p1', '-s']],
  ])('prints with --dry-run what %s does, and changes nothing', async (_, words) => {
    const before = statSync(join(dir, 'Dockerfile'));
    const { code, stdout, stderr } = await fix('Dockerfile', '--fix', '--dry-run', '--fail-on', 'none');
    expect(code).toBe(0);
    expect(stderr).toMatch(/^1 more with --fix-all:\n {2}SEC-DOCKERFILE-0006: a file that is an archive/);
    expect(text()).toBe(DOCKERFILE);
    expect(statSync(join(dir, 'Dockerfile')).ctimeMs).toBe(before.ctimeMs);
    expect(existsSync(join(secure.root, 'state/audit/fixes'))).toBe(false);
    const [program = '', ...rest] = words;
    const env = { ...process.env, GIT_CEILING_DIRECTORIES: secure.root };
    execFileSync(program, rest, { cwd: dir, input: stdout, env });
    expect(text()).toBe(REPAIRED);
  });

  it('prints an object with --json', async () => {
    const { stdout } = await fix('Dockerfile', '--fix', '--dry-run', '--json');
    const plan = JSON.parse(stdout);
    follows(plan);
    expect(plan).toMatchObject({ schemaVersion: 1, base: dir, commands: [], next: [] });
    expect(plan.files).toMatchObject([{ path: join(dir, 'Dockerfile'), new: false }]);
    expect(plan.repairs.map(({ id }: { id: string }) => id)).toEqual(['SEC-DOCKERFILE-0006', 'SEC-DOCKERFILE-0015']);
    expect(plan.left).toMatchObject([{ id: 'SEC-DOCKERFILE-0006', risky: true }]);
    expect(text()).toBe(DOCKERFILE);
  });

  it('repairs, audits again, and says how to undo it', async () => {
    chmodSync(join(dir, 'Dockerfile'), 0o640);
    const { code, stdout, stderr } = await fix('Dockerfile', '--fix', '--json');
    expect([code, text()]).toEqual([0, REPAIRED]);
    expect(statSync(join(dir, 'Dockerfile')).mode & 0o777).toBe(0o640);
    const report = JSON.parse(stdout);
    expect(report.fixed.map(({ id }: { id: string }) => id)).toEqual(['SEC-DOCKERFILE-0006', 'SEC-DOCKERFILE-0015']);
    const status = (id: string) => report.audited[0].results.find((one: { id: string }) => one.id === id).status;
    // One ADD is left.
    expect([status('SEC-DOCKERFILE-0015'), status('SEC-DOCKERFILE-0006')]).toEqual(['pass', 'fail']);
    const record = undo(stderr);
    expect(lstatSync(record).mode & 0o777).toBe(0o600);
    execFileSync('sh', ['-ec', /^# {3}(.*)$/m.exec(readFileSync(record, 'utf8'))?.[1] ?? 'false']);
    expect(text()).toBe(DOCKERFILE);
    rmSync(join(secure.root, 'state/audit/fixes'), { recursive: true });
  });

  it('is for anybody whose file it is, and for nobody else', async () => {
    const own = mkdtempSync(join(secure.root, 'user-'));
    execFileSync('chown', ['12345:12345', own]);
    const env = { HOME: own, SECURE_STATE_ROOT: join(own, 'state'), SECURE_RUN_ROOT: join(own, 'run') };
    const user = { cwd: dir, uid: 12345, env };
    const args = ['audit', 'dockerfile', 'Dockerfile', '--fix'];
    chmodSync(secure.root, 0o755);
    chmodSync(dir, 0o755);
    const refused = await secure.call(args, user);
    expect([refused.code, errorCode(refused), text()]).toEqual([2, 'FIX_REFUSED', DOCKERFILE]);
    execFileSync('chown', ['-R', '12345:12345', dir]);
    expect((await secure.call(args, user)).stderr).toContain('repaired: SEC-DOCKERFILE-0015');
    expect([text(), statSync(join(dir, 'Dockerfile')).uid]).toEqual([REPAIRED, 12345]);
    // Root repairs it, too, and it stays theirs.
    await fix('Dockerfile', '--fix-all');
    expect([statSync(join(dir, 'Dockerfile')).uid, statSync(join(dir, 'Dockerfile')).gid]).toEqual([12345, 12345]);
    rmSync(join(secure.root, 'state/audit/fixes'), { recursive: true });
  });

  it('does nothing the second time', async () => {
    await fix('Dockerfile', '--fix-all');
    const repaired = text();
    expect(repaired).toContain('COPY rootfs /');
    const { stderr } = await fix('Dockerfile', '--fix-all');
    expect([stderr, text()]).toEqual(['nothing was repaired\n', repaired]);
    rmSync(join(secure.root, 'state/audit/fixes'), { recursive: true });
  });

  it('leaves what --only does not name, and what is waived', async () => {
    await fix('Dockerfile', '--fix', '--only', 'SEC-DOCKERFILE-0006');
    expect(text()).toBe(DOCKERFILE.replace('ADD app.json', 'COPY app.json'));
    const until = new Date(Date.now() + 20 * 86_400_000).toISOString().slice(0, 10);
    const waivers = put(
      'waivers.yaml',
      `waivers:\n  - check: SEC-DOCKERFILE-0015\n    target: dockerfile\n    owner: a@example.org\n    reason: another image needs them\n    expires: ${until}\n`,
    );
    const { stderr } = await fix('Dockerfile', '--fix', '--waivers', waivers);
    expect(stderr).toContain(`(it is waived until ${until})`);
    expect(text()).toBe(DOCKERFILE.replace('ADD app.json', 'COPY app.json'));
    rmSync(join(secure.root, 'state/audit/fixes'), { recursive: true });
  });

  it('refuses a link, and changes neither it nor what it leads to', async () => {
    symlinkSync('Dockerfile', join(dir, 'link'));
    const result = await fix('link', '--fix');
    expect([result.code, errorCode(result), text()]).toEqual([2, 'FIX_REFUSED', DOCKERFILE]);
    expect(lstatSync(join(dir, 'link')).isSymbolicLink()).toBe(true);
  });

  it('changes nothing where it cannot write how to undo it', async () => {
    const state = put('state', '');
    const result = await secure.call(['audit', 'dockerfile', 'Dockerfile', '--fix'], {
      cwd: dir,
      env: { SECURE_STATE_ROOT: state },
    });
    expect([result.code, errorCode(result), text()]).toEqual([2, 'OUTPUT_REFUSED', DOCKERFILE]);
  });

  it.each([
    [['dockerfile', 'Dockerfile', '--dry-run'], 'USAGE'],
    [['dockerfile', 'Dockerfile', '--only', 'SEC-HOST-0001'], 'USAGE'],
    [['dockerfile', 'Dockerfile', '--fix', '--only', 'SEC-HOST-9999'], 'INVALID_VALUE'],
    [['dockerfile', 'Dockerfile', '--fix', '--dry-run', '--format', 'sarif'], 'USAGE'],
    [['dockerfile', 'Dockerfile', '--fix', '--dry-run', '--output', 'a.json'], 'USAGE'],
    [['host', '--fix', '--facts', 'a'], 'USAGE'],
    [['host', '--fix-all', '--save-facts', 'a'], 'USAGE'],
    [['host', '--fix', '--root', '/nowhere'], 'INVALID_VALUE'],
    [['image', 'x', '--fix'], 'UNKNOWN_FLAG'],
  ])('says what is wrong with %j', async (args, expected) => {
    const result = await secure.call(['audit', ...args], { cwd: dir });
    expect([result.code, errorCode(result), result.stdout, text()]).toEqual([2, expected, '', DOCKERFILE]);
  });

  describe('on a host below --root', () => {
    const DAEMON = '{\n  "log-opts": {},\n  "log-level": "debug"\n}\n';
    let root: string;
    const lay = (path: string, content: string): string => {
      mkdirSync(join(root, path, '..'), { recursive: true });
      writeFileSync(join(root, path), content);
      return join(root, path);
    };
    const host = (...args: string[]) => secure.run('audit', 'host', '--root', root, '--fail-on', 'none', ...args);

    beforeEach(() => {
      root = join(dir, 'root');
      lay('usr/bin/dockerd', '');
      lay('etc/docker/daemon.json', DAEMON);
      lay('proc/sys/kernel/osrelease', '6.1.0\n');
      lay('proc/sys/net/ipv4/conf/all/accept_redirects', '1\n');
    });

    it('prints a patch of all files and commands for the rest', async () => {
      chmodSync(join(root, 'etc/docker/daemon.json'), 0o646);
      const { stdout } = await host('--fix', '--dry-run');
      expect(stdout).toContain(`# files, from ${root}\n--- /dev/null\n+++ b/etc/sysctl.d/60-secure.conf\n`);
      expect(stdout).toContain('--- a/etc/docker/daemon.json\n+++ b/etc/docker/daemon.json\n');
      expect(stdout).toContain(`# beside files\n# chmod 0644 ${root}/etc/docker/daemon.json\n`);
      expect(stdout).toContain('# systemctl restart docker ');
      follows(JSON.parse((await host('--fix', '--dry-run', '--json')).stdout));
      execFileSync('patch', ['-p1', '-s', '-d', root], { input: stdout });
      expect(JSON.parse(readFileSync(join(root, 'etc/docker/daemon.json'), 'utf8'))).toEqual({
        'log-opts': { 'max-size': '10m', 'max-file': '3' },
        'log-level': 'info',
        'live-restore': true,
      });
    });

    it('writes nothing into the kernel of this machine, and says when it counts', async () => {
      const before = readFileSync('/proc/sys/net/ipv4/conf/all/accept_redirects', 'utf8');
      const { stderr } = await host('--fix');
      expect(readFileSync('/proc/sys/net/ipv4/conf/all/accept_redirects', 'utf8')).toBe(before);
      expect(readFileSync(join(root, 'proc/sys/net/ipv4/conf/all/accept_redirects'), 'utf8')).toBe('1\n');
      expect(readFileSync(join(root, 'etc/sysctl.d/60-secure.conf'), 'utf8')).toContain(
        'net.ipv4.conf.all.accept_redirects = 0\n',
      );
      expect(stderr).toContain('still found: SEC-HOST-0010');
      const again = await host('--fix');
      expect(again.stderr).toContain('(its file says so already: it counts from the next start on)');
      expect(again.stderr).not.toMatch(/^repaired: SEC-HOST-0010/m);
      rmSync(join(secure.root, 'state/audit/fixes'), { recursive: true });
    });

    it('never leaves the root by a link', async () => {
      const outside = join(dir, 'outside');
      mkdirSync(join(outside, 'docker'), { recursive: true });
      writeFileSync(join(outside, 'docker/daemon.json'), DAEMON);
      chmodSync(join(outside, 'docker/daemon.json'), 0o666);
      rmSync(join(root, 'etc/docker'), { recursive: true });
      symlinkSync(join(outside, 'docker'), join(root, 'etc/docker'));
      symlinkSync(`${'../'.repeat(20)}${outside.slice(1)}`, join(root, 'etc/sysctl.d'));
      lay('etc/shadow', 'root::1::::::\n');
      chmodSync(join(root, 'etc/shadow'), 0o644);
      const { code, stderr } = await host('--fix-all');
      expect(code).toBe(0);
      expect(stderr).toMatch(/^not repaired: SEC-HOST-0010: .* \(\/etc\/sysctl\.d is a link to nothing: /m);
      expect(readFileSync(join(outside, 'docker/daemon.json'), 'utf8')).toBe(DAEMON);
      expect(statSync(join(outside, 'docker/daemon.json')).mode & 0o777).toBe(0o666);
      expect(existsSync(join(outside, '60-secure.conf'))).toBe(false);
      expect(statSync(join(root, 'etc/shadow')).mode & 0o777).toBe(0o640);
      rmSync(join(secure.root, 'state/audit/fixes'), { recursive: true, force: true });
    });

    it.each([
      ['one that is masked', (path: string) => symlinkSync('/dev/null', path), '60-secure.conf'],
      [
        'one that says otherwise',
        (path: string) => writeFileSync(path, 'net.ipv4.conf.all.accept_redirects=1\n'),
        '99-secure.conf',
      ],
      ['one that cannot be read', (path: string) => execFileSync('mkfifo', [path]), undefined],
    ] as const)('goes by the other files of sysctl.d: %s', async (_, become, expected) => {
      lay('usr/lib/sysctl.d/70-other.conf', 'net.ipv4.conf.all.accept_redirects=1\n');
      lay('etc/sysctl.d/.keep', '');
      become(join(root, 'etc/sysctl.d/70-other.conf'));
      const { stdout, stderr } = await host('--fix', '--dry-run');
      expect(/^\+\+\+ b\/etc\/sysctl\.d\/(.*)$/m.exec(stdout)?.[1]).toBe(expected);
      if (expected === undefined) expect(stderr).toContain('/etc/sysctl.d/70-other.conf cannot be read');
      // The rest is repaired.
      expect(stdout).toContain('+++ b/etc/docker/daemon.json');
    });

    // Who owned it has put his program into it: as a file of root with that bit it would run as root.
    it('a file of a user does not become a program of root', async () => {
      const path = lay('etc/docker/daemon.json', '#!/bin/sh\nid\n');
      chownSync(path, 1234, 1234);
      chmodSync(path, 0o6777);
      const { stdout } = await host('--fix', '--dry-run');
      expect(stdout).toContain(`# chown -h 0:0 ${path}\n# chmod 0755 ${path}\n`);
      await host('--fix');
      const { uid, gid, mode } = statSync(path);
      expect([uid, gid, (mode & 0o7777).toString(8)]).toEqual([0, 0, '755']);
      rmSync(join(secure.root, 'state/audit/fixes'), { recursive: true });
    });

    it('says that a daemon.json which is no JSON is left', async () => {
      lay('etc/docker/daemon.json', '{"log-opts": {},}\n');
      const { stderr } = await host('--fix', '--dry-run');
      expect(stderr).toMatch(
        /^not repaired: SEC-HOST-\d{4}, .* \(\/etc\/docker\/daemon\.json cannot be read: it is not JSON/m,
      );
    });

    it.each([
      [
        'is a link',
        (path: string) => {
          rmSync(path);
          symlinkSync('elsewhere.json', path);
          lay('etc/docker/elsewhere.json', DAEMON);
        },
        /daemon\.json is a symbolic link/,
      ],
      ['has a second name', (path: string) => execFileSync('ln', [path, `${path}.2`]), /daemon\.json has 2 names/],
      [
        'has a setting twice',
        (path: string) => writeFileSync(path, '{"log-opts": {}, "log-opts": {}}'),
        /daemon\.json:1:\d+ is left as it is/,
      ],
    ] as const)('leaves a daemon.json that %s, and does the rest', async (_, become, expected) => {
      become(join(root, 'etc/docker/daemon.json'));
      const before = readFileSync(join(root, 'etc/docker/daemon.json'), 'utf8');
      const { stderr } = await host('--fix');
      expect(stderr).toMatch(expected);
      expect(readFileSync(join(root, 'etc/docker/daemon.json'), 'utf8')).toBe(before);
      expect(stderr).toContain('repaired: SEC-HOST-0010');
      rmSync(join(secure.root, 'state/audit/fixes'), { recursive: true });
    });
  });
});
