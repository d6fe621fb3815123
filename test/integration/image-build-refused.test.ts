// SPDX-License-Identifier: Apache-2.0
// Builds that fail, are refused, interrupted or killed.
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Builds } from '../support/build.ts';
import { cannotRun, errorCode, Secure, until } from '../support/secure.ts';

describe.skipIf(cannotRun())('secure image build, refused', () => {
  let secure: Secure;
  let builds: Builds;
  beforeAll(async () => {
    secure = await Secure.create();
    builds = new Builds(secure);
  });
  afterAll(() => secure.destroy());

  it('loses nothing when it is killed at any moment', async () => {
    const lines = ['one', 'two', 'three'].map((name) => `RUN --mount=type=secret,id=s echo ${name} > /${name}`);
    const directory = builds.context(['FROM busybox', ...lines, 'COPY Dockerfile /d', ''].join('\n'));
    const started = performance.now();
    const secret = join(secure.root, 'secret');
    writeFileSync(secret, 'not to be left behind');
    const flags = ['-q', '--no-cache', '--secret', `id=s,src=${secret}`];
    const env = { SOURCE_DATE_EPOCH: '1700000000' };
    const digest = (await builds.build(directory, flags, { env })).stdout.trim();
    expect(digest).toMatch(/^sha256:/);
    const took = performance.now() - started;
    for (let i = 0; i < 15; i++) {
      const child = secure.start('image', 'build', '-t', 'killed', ...flags, directory);
      const ended = new Promise((resolve) => child.once('exit', resolve));
      await new Promise((resolve) => setTimeout(resolve, (took * (i + 1)) / 15));
      child.kill('SIGKILL');
      await ended;
    }
    expect((await builds.build(directory, flags, { env })).stdout.trim()).toBe(digest);
    expect(await secure.containers()).toEqual([]);
    expect((await secure.run('image', 'prune')).code).toBe(0);
    expect((await secure.run('system', 'check', '--deep')).code).toBe(0);
    expect(readdirSync(join(secure.root, 'state/tmp'))).toEqual([]);
    expect(readdirSync(join(secure.root, 'run/build'))).toEqual([]);
  });

  it('says where and why a step fails, and leaves nothing', async () => {
    const before = await secure.containers();
    const output = await builds.refused('FROM busybox\nRUN echo before\nRUN echo reason >&2; exit 7\nRUN echo never\n');
    expect(output).toContain('BUILD_FAILED');
    expect(output).toMatch(/Dockerfile:3: RUN: .*exit code 7/);
    expect(output).toContain('| reason\n');
    expect(output).not.toContain('| never\n');
    expect(await builds.refused('FROM busybox\nRUN ["/nosuch"]\n')).toMatch(/BUILD_FAILED[\s\S]*Dockerfile:2/);
    expect(await secure.containers()).toEqual(before);
    expect(readdirSync(join(secure.root, 'state/tmp'))).toEqual([]);
    expect((await secure.run('system', 'check', '--deep')).code).toBe(0);
  });

  it.each([
    ['an unknown flag', 'FROM busybox\nCOPY --frm=x a /a\n', 'BUILD_FAILED'],
    ['a source that is not there', 'FROM busybox\nCOPY nosuch /a\n', 'BUILD_FAILED'],
    ['several sources for a file', 'FROM busybox\nCOPY Dockerfile Dockerfile /a\n', 'BUILD_FAILED'],
    ['a directory onto a file', 'FROM busybox\nRUN touch /x\nCOPY . /x\n', 'BUILD_FAILED'],
    ['a base that is not there', 'FROM localhost/nosuch\n', 'IMAGE_NOT_FOUND'],
    ['an empty base', 'ARG B\nFROM \x24{B}\n', 'BUILD_FAILED'],
    ['a variable that is required', 'FROM busybox\nENV A=\x24{B:?}\n', 'BUILD_FAILED'],
    ['the network of the host', 'FROM busybox\nRUN --network=host true\n', 'BUILD_FAILED'],
    ['no confinement', 'FROM busybox\nRUN --security=insecure true\n', 'BUILD_FAILED'],
    ['a mount on the root', 'FROM busybox\nRUN --mount=target=/ true\n', 'BUILD_FAILED'],
    ['a mount on /proc', 'FROM busybox\nRUN --mount=target=/proc/x true\n', 'BUILD_FAILED'],
    ['an unknown mount', 'FROM busybox\nRUN --mount=type=nfs,target=/x true\n', 'BUILD_FAILED'],
    ['a port that is none', 'FROM busybox\nEXPOSE 70000\n', 'BUILD_FAILED'],
    ['a mode that is none', 'FROM busybox\nCOPY --chmod=9 Dockerfile /x\n', 'BUILD_FAILED'],
    ['a user that is not there', 'FROM busybox\nCOPY --chown=nosuch Dockerfile /x\n', 'USER_NOT_FOUND'],
    ['an instruction that is none', 'FROM busybox\nFETCH x\n', 'DOCKERFILE_INVALID'],
    ['nothing', '', 'DOCKERFILE_INVALID'],
  ])('refuses %s', async (_, dockerfile, code) => {
    expect(await builds.refused(dockerfile)).toContain(`${code} `);
  });

  it('refuses command lines that cannot be meant', async () => {
    expect(errorCode(await builds.build(join(secure.root, 'nosuch')))).toBe('BUILD_FAILED');
    const empty = mkdtempSync(join(secure.root, 'empty-'));
    expect(errorCode(await builds.build(empty))).toBe('BUILD_FAILED');
    const plain = builds.context('FROM busybox\n');
    expect(errorCode(await builds.build(plain, ['--target', 'x']))).toBe('BUILD_FAILED');
    expect(errorCode(await builds.build(plain, ['--secret', 'the-secret-itself=x']))).toBe('INVALID_VALUE');
    expect(errorCode(await builds.build(plain, ['--build-arg', '=x']))).toBe('INVALID_VALUE');
    expect(errorCode(await builds.build(plain, ['-t', 'Bad Name']))).toBe('REFERENCE_INVALID');
    expect(
      (await secure.call(['image', 'build', '-t', 'piped', '-'], { input: 'FROM busybox\nRUN echo piped\n' })).stderr,
    ).toContain('| piped\n');
  });

  it('holds base images and steps against the policy', async () => {
    const policy = join(secure.root, 'policy.yaml');
    writeFileSync(
      policy,
      'apiVersion: secure/v1\nkind: Policy\nmetadata: { name: tight, version: 1.0.0, description: Test. }\nextends: [default]\nrun: { network: none, egress: [], origins: { imported: refuse } }\n',
    );
    const marker = 'FROM busybox\nRUN echo ran\n';
    const denied = await builds.build(builds.context(marker), ['--policy', policy]);
    expect(errorCode(denied)).toBe('IMAGE_UNTRUSTED');
    expect(denied.stderr).not.toContain('| ran\n');
    writeFileSync(policy, readFileSync(policy, 'utf8').replace('imported: refuse', 'imported: accept'));
    const alone = await builds.build(builds.context('FROM busybox\nRUN ls /sys/class/net\n'), ['--policy', policy]);
    expect(alone.stderr).toContain('| lo\n');
    expect(alone.stderr).not.toContain('eth0');
    expect(
      errorCode(
        await builds.build(builds.context('FROM busybox\nADD http://127.0.0.1:9/f /f\n'), ['--policy', policy]),
      ),
    ).toBe('BUILD_FAILED');
  });

  it('trusts an image no more than what it stands on', async () => {
    const origin = async (name: string) => ((await secure.json('image', 'inspect', name)) as { origin: string }).origin;
    await builds.built('FROM scratch\nCOPY Dockerfile /d\n');
    expect(await origin('out')).toBe('built');
    await builds.built('FROM scratch\nCOPY --from=busybox /bin/busybox /b\n');
    expect(await origin('out')).toBe('imported');
    await builds.built('FROM busybox\n');
    expect(await origin('out')).toBe('imported');
    // `strict` wants an approval for what was imported.
    expect(errorCode(await secure.run('run', '--rm', '--profile', 'strict', 'out', 'true'))).toBe('IMAGE_UNTRUSTED');
    expect(await secure.run('run', '--rm', '--profile', 'strict', '--trust', 'out', 'true')).toMatchObject({ code: 0 });
    expect((await secure.run('run', '--name', 'once', 'busybox', 'true')).code).toBe(0);
    expect((await secure.run('commit', 'once', 'committed')).code).toBe(0);
    expect(await origin('committed')).toBe('imported');
    await secure.removeContainers();
  });

  it('refuses more layers than an image can have', async () => {
    const lines = Array.from({ length: 128 }, (_, i) => `COPY <<EOF /${i}\nx\nEOF`);
    expect(await builds.refused(['FROM scratch', ...lines, ''].join('\n'))).toMatch(/BUILD_FAILED[\s\S]*127/);
    await builds.built(['FROM scratch', ...lines.slice(0, 127), ''].join('\n'));
  });

  it('refuses before the first step what is refused later', async () => {
    for (const last of [
      'FROM localhost/nosuch',
      'FROM busybox\nRUN --security=insecure true',
      'FROM busybox\nCOPY --frm=x y z',
    ]) {
      const output = await builds.refused(
        `FROM busybox AS first\nRUN echo ran-${last.length}\n${last}\nCOPY --from=first /bin/sh /x\n`,
      );
      expect(output).not.toContain('| ran');
    }
  });

  it('ends what it started when it is interrupted, and when it is killed nothing is broken', async () => {
    const directory = builds.context(
      'FROM busybox\nRUN echo kept > /kept\nRUN trap "" TERM INT; echo started; sleep 1000\n',
    );
    for (const signal of ['SIGINT', 'SIGKILL'] as const) {
      const child = secure.start('image', 'build', '-t', 'never', directory);
      let said = '';
      child.stderr?.on('data', (chunk: Buffer) => {
        said += chunk.toString();
      });
      await until('the step runs', () => said.includes('| started'), 30);
      const ended = new Promise((resolve) => child.once('exit', resolve));
      // With a namespace of its own the child is nsenter's, which became it.
      child.kill(signal);
      await ended;
      if (signal === 'SIGINT')
        await until('its container is gone', async () => (await secure.containers()).length === 0, 20);
    }
    // What the killed one left goes with the next build.
    expect(await secure.containers()).toHaveLength(1);
    await builds.built('FROM busybox\n');
    expect(await secure.containers()).toEqual([]);
    expect((await secure.run('image', 'ls', '-q')).stdout).not.toContain('never');
    expect((await secure.run('image', 'prune')).code).toBe(0);
    expect((await secure.run('system', 'check', '--deep')).code).toBe(0);
    expect(await builds.build(builds.context('FROM busybox\nRUN echo kept > /kept\n'))).toMatchObject({ code: 0 });
    expect(readdirSync(join(secure.root, 'state/tmp'))).toEqual([]);
  });
});
