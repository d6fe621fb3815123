// SPDX-License-Identifier: Apache-2.0
// Builds on the real kernel: each RUN is a container of this machine.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Builds } from '../support/build.ts';
import { cannotRun, errorCode, Secure } from '../support/secure.ts';

describe.skipIf(cannotRun())('secure image build', () => {
  let secure: Secure;
  let builds: Builds;
  beforeAll(async () => {
    secure = await Secure.create();
    builds = new Builds(secure);
  });
  afterAll(() => secure.destroy());

  it('runs steps confined, on a root that can be written to', async () => {
    const { stderr } = await builds.built(
      'FROM busybox\nRUN id -u; grep -E "CapEff|NoNewPrivs|Seccomp:" /proc/self/status; cat /proc/self/uid_map; echo made > /made; mkdir /tmp/kept\n',
    );
    expect(stderr).toMatch(/\| 0\n[\s\S]*NoNewPrivs:\t1[\s\S]*Seccomp:\t2/);
    // No CAP_SYS_ADMIN, no CAP_NET_RAW, no CAP_MKNOD, and root is nobody outside.
    expect(stderr).toContain('CapEff:\t00000000000004fb');
    expect(stderr).toMatch(/\| +0 +[1-9]\d{4,} +65536/);
    expect(await builds.show('cat', '/made')).toBe('made\n');
    expect(await builds.show('ls', '-d', '/tmp/kept')).toBe('/tmp/kept\n');
  });

  it('leaves nothing of the runtime in a layer', async () => {
    await builds.built('FROM busybox\nRUN --mount=type=tmpfs,target=/deep/er/mount touch /one\n');
    const { images } = (await secure.json('image', 'inspect', '--tree', 'out')) as {
      images: { layers: { paths: { path: string }[] }[] }[];
    };
    expect(images[0]?.layers.at(-1)?.paths.map(({ path }) => path)).toEqual(['one']);
  });

  it('copies: into directories, under names, by pattern, with owner and mode, through links of the image', async () => {
    await builds.built(
      [
        'FROM busybox',
        'RUN mkdir -p /real/inner && ln -s /real /link && echo someone:x:1234:1234::/:/bin/sh >> /etc/passwd',
        'COPY one.txt /file',
        'COPY one.txt two.txt /dir/',
        'COPY tree /tree',
        'COPY t*.txt o?e.txt /pattern/',
        'COPY one.txt /link/inner/x',
        'COPY --chown=someone --chmod=4750 one.txt /owned',
        'COPY --chown=7 --chmod=700 tree /seven',
        'COPY --chmod=go=u-w,+X tree /symbolic',
        'WORKDIR work/dir',
        'COPY two.txt .',
        'COPY ["one.txt", "with space"]',
        '',
      ].join('\n'),
      { 'one.txt': '1', 'two.txt': '2', 'tree/a/b': 'b', 'tree/c': 'c' },
    );
    expect(
      await builds.show('cat', '/file', '/dir/one.txt', '/dir/two.txt', '/tree/a/b', '/tree/c', '/real/inner/x'),
    ).toBe('112bc1');
    expect(await builds.show('ls', '/pattern')).toBe('one.txt\ntwo.txt\n');
    expect(
      await builds.show('stat', '-c', '%u:%g %a', '/owned', '/seven', '/seven/a/b', '/link/inner', '/work/dir/two.txt'),
    ).toBe('1234:1234 4750\n7:7 700\n7:7 700\n0:0 755\n0:0 644\n');
    expect(await builds.show('stat', '-c', '%a', '/symbolic/a', '/symbolic/c')).toBe('755\n644\n');
    expect(await builds.show('cat', '/work/dir/with space')).toBe('1');
  });

  it('sees nothing outside of the context, and a link in it is a link', async () => {
    const directory = builds.context('FROM busybox\nCOPY dir /dir\n', { 'dir/x': 'x' });
    symlinkSync('/etc/passwd', join(directory, 'dir/passwd'));
    symlinkSync('/etc/passwd', join(directory, 'passwd'));
    symlinkSync('../../../../../../../../etc', join(directory, 'up'));
    expect((await builds.build(directory)).code).toBe(0);
    expect(await builds.show('readlink', '/dir/passwd')).toBe('/etc/passwd\n');
    for (const line of [
      'COPY passwd /x',
      'COPY up/passwd /x',
      'COPY ../../../../../../etc/passwd /x',
      'COPY /etc/passwd /x',
      'RUN --mount=type=bind,source=up,target=/x ls /x',
    ]) {
      writeFileSync(join(directory, 'Dockerfile'), `FROM busybox\n${line}\n`);
      const result = await builds.build(directory);
      expect([line, errorCode(result)]).toEqual([line, 'BUILD_FAILED']);
      expect(result.code).toBe(1);
    }
  });

  it('does not wait for a FIFO, and leaves sockets out', async () => {
    const directory = builds.context('FROM busybox\nCOPY . /all\n', { plain: 'x' });
    execFileSync('mkfifo', [join(directory, 'fifo')]);
    const server = createServer().listen(join(directory, 'socket'));
    expect(await builds.build(directory)).toMatchObject({ code: 0 });
    server.close();
    expect(await builds.show('ls', '/all')).toBe('Dockerfile\nfifo\nplain\n');
  });

  it('follows .dockerignore, with exceptions', async () => {
    const files = {
      '.dockerignore': '# comment\n*\n!keep\nkeep/no*\n!a/deep/one\n**/*.log\n',
      'keep/yes': '',
      'keep/not': '',
      'a/deep/one': '',
      'a/deep/two': '',
      other: '',
      'keep/x.log': '',
    };
    await builds.built('FROM busybox\nCOPY . /all\n', files);
    expect((await builds.show('find', '/all', '-type', 'f')).split('\n').filter(Boolean).sort()).toEqual([
      '/all/a/deep/one',
      '/all/keep/yes',
    ]);
    expect(await builds.refused('FROM busybox\nCOPY other /x\n', files)).toContain('BUILD_FAILED');
  });

  it('takes stages by name, number and image, and builds only those that are needed', async () => {
    await builds.built(
      'FROM busybox AS one\nRUN echo one > /f\nFROM busybox AS never\nRUN exit 1\nFROM busybox\nCOPY --from=one /f /a\nCOPY --from=0 /f /b\nCOPY --from=busybox /bin/busybox /c\nRUN --mount=from=one,source=/f,target=/m cat /m > /d\n',
    );
    expect(await builds.show('cat', '/a', '/b', '/d')).toBe('one\none\none\n');
    expect(
      (
        await builds.build(builds.context('FROM busybox AS one\nRUN echo x > /t\nFROM busybox\nRUN exit 3\n'), [
          '--target',
          'ONE',
        ])
      ).code,
    ).toBe(0);
  });

  it('expands variables as docker does', async () => {
    const { stderr } = await builds.built(
      'ARG TAG=latest\nFROM busybox:\x24{TAG}\nARG TAG\nARG GIVEN=default\nARG SECOND=\x24{GIVEN}-x\nENV A=1 B="$A two" C=\x24{UNSET:-fallback}\nENV D=$A:$B\nARG A=hidden\nLABEL l="$GIVEN \x24{SECOND%-x}"\nRUN echo "$TAG $GIVEN $SECOND $A [$B] $C [$D]"\n',
      {},
      ...['--build-arg', 'GIVEN=given', '--build-arg', 'UNKNOWN=1'],
    );
    expect(stderr).toContain('| latest given given-x 1 [ two] fallback [1: two]\n');
    expect(stderr).toContain('warning: --build-arg UNKNOWN');
    expect(await builds.config()).toMatchObject({ Labels: { l: 'given given' } });
    expect((await builds.config()).Env).not.toContain('GIVEN=given');
  });

  it('gives proxies to steps, declared or not, and keeps them nowhere', async () => {
    const flags = ['--build-arg', 'HTTP_PROXY=http://p', '--build-arg', 'no_proxy=x'];
    const { stderr } = await builds.built(
      'FROM busybox\nARG HTTP_PROXY\nRUN echo "[$HTTP_PROXY $no_proxy]"\n',
      {},
      ...flags,
    );
    expect(stderr).toContain('| [http://p x]\n');
    expect(JSON.stringify(await secure.json('image', 'inspect', 'out'))).not.toContain('http://p');
  });

  it('writes the config that docker writes', async () => {
    await builds.built(
      [
        'FROM busybox',
        'MAINTAINER nobody',
        'ENV K=V',
        'EXPOSE 80 90-91/udp',
        'VOLUME /data /more',
        'USER 10:20',
        'STOPSIGNAL SIGQUIT',
        'HEALTHCHECK --interval=1m30s --retries=2 CMD ["true", "x"]',
        'SHELL ["/bin/sh", "-ec"]',
        'ENTRYPOINT exec "$0"',
        'CMD ["a", "b"]',
        'ONBUILD RUN echo "two  blanks"',
        '',
      ].join('\n'),
      {},
      ...['--label', 'x=y'],
    );
    expect(await builds.config()).toMatchObject({
      ExposedPorts: { '80/tcp': {}, '90/udp': {}, '91/udp': {} },
      Volumes: { '/data': {}, '/more': {} },
      User: '10:20',
      StopSignal: 'SIGQUIT',
      Healthcheck: { Test: ['CMD', 'true', 'x'], Interval: 90e9, Retries: 2 },
      Entrypoint: ['/bin/sh', '-ec', 'exec "$0"'],
      Cmd: ['a', 'b'],
      OnBuild: ['RUN echo "two  blanks"'],
      Labels: { x: 'y' },
    });
  });

  it('does what a base image wants done on top of it, once', async () => {
    await builds.built('FROM busybox\nONBUILD COPY f /onbuild\nONBUILD RUN echo "two  blanks" >> /onbuild\n');
    expect((await secure.run('image', 'tag', 'out', 'base')).code).toBe(0);
    await builds.built('FROM base\nRUN test -e /onbuild\n', { f: 'f' });
    expect(await builds.show('cat', '/onbuild')).toBe('ftwo  blanks\n');
    expect((await builds.config()).OnBuild ?? []).toEqual([]);
  });

  it('reads here-documents', async () => {
    const { stderr } = await builds.built(
      [
        'FROM busybox',
        'ARG NAME=world',
        'COPY <<one <<"two" /d/',
        'hello $NAME "quoted"',
        'one',
        'raw $NAME',
        'two',
        'RUN <<EOF',
        'echo first',
        'echo second $NAME',
        'EOF',
        'RUN <<PY',
        '#!/bin/cat',
        'a script of its own',
        'PY',
        'RUN cat <<A && cat <<B',
        'in a',
        'A',
        'in b',
        'B',
        '',
      ].join('\n'),
    );
    expect(await builds.show('cat', '/d/one', '/d/two')).toBe('hello world "quoted"\nraw $NAME\n');
    for (const line of ['first', 'second world', 'a script of its own', 'in a', 'in b'])
      expect(stderr).toContain(`| ${line}\n`);
  });

  it('gives secrets to one step, and keeps them nowhere', async () => {
    const secret = 'hunter2-correct-horse';
    const directory = builds.context(
      'FROM busybox\nRUN --mount=type=secret,id=token,uid=5,mode=0440 stat -c "%u %a" /run/secrets/token; cat /run/secrets/token | tee /dev/stderr | wc -c\nRUN --mount=type=secret,id=token,target=/there test -s /there\nRUN test ! -e /run/secrets && test ! -e /there\nRUN --mount=type=secret,id=other ls /run/secrets || true\n',
    );
    const file = join(secure.root, 'token');
    writeFileSync(file, `${secret}\n`);
    const result = await builds.build(directory, ['--secret', `id=token,src=${file}`]);
    expect(result, result.stderr).toMatchObject({ code: 0 });
    expect(result.stderr).toContain('| 5 440\n');
    expect(result.stderr).toContain(`| ${secret.length + 1}\n`);
    expect(result.stdout + result.stderr).not.toContain(secret);
    rmSync(file);
    // Not in a layer, a config, a plan, a cache entry or anything else.
    for (const root of ['state', 'run']) {
      const found = execFileSync('sh', ['-c', `grep -rlF '${secret}' '${join(secure.root, root)}' || true`], {
        encoding: 'utf8',
      });
      expect(found).toBe('');
    }
    const required = builds.context('FROM busybox\nRUN --mount=type=secret,id=token,required=true true\n');
    expect(errorCode(await builds.build(required))).toBe('BUILD_FAILED');
    expect(await builds.refused('FROM busybox\nRUN --mount=type=secret,id=token,env=TOKEN true\n')).toContain(
      'BUILD_FAILED',
    );
  });

  it('passes an agent on', async () => {
    const path = join(secure.root, 'agent');
    const server = createServer((client) => client.end('from the agent\n')).listen(path);
    chmodSync(path, 0o600);
    const directory = builds.context(
      'FROM busybox\nRUN --mount=type=ssh nc -U /run/buildkit/ssh_agent.0 || nc local:/run/buildkit/ssh_agent.0\n',
    );
    const probe = builds.context('FROM busybox\nRUN --mount=type=ssh stat -c "%F %u %a" /run/buildkit/ssh_agent.0\n');
    expect((await builds.build(probe, ['--ssh', `default=${path}`])).stderr).toContain('| socket 0 600\n');
    expect(errorCode(await builds.build(directory, ['--ssh', `default=${join(secure.root, 'token')}`]))).toBe(
      'INVALID_VALUE',
    );
    server.close();
  });

  it('keeps directories between builds, and mounts the context', async () => {
    const lines = (text: string) =>
      `FROM busybox\nRUN --mount=type=cache,target=/cache,id=c,mode=0711 echo ${text} >> /cache/log; cat /cache/log; stat -c %a /cache\n`;
    await builds.built(lines('one'));
    const { stderr } = await builds.built(lines('two'));
    expect(stderr).toMatch(/\| one\n.*\| two\n.*\| 711\n/);
    const { stderr: seen } = await builds.built(
      'FROM busybox\nRUN --mount=target=/ctx cat /ctx/f; ! touch /ctx/x\nRUN --mount=target=/ctx,rw touch /ctx/y\n',
      { f: 'text\n' },
    );
    expect(seen).toContain('| text\n');
    expect((await secure.run('image', 'prune', '--build-cache')).code).toBe(0);
    expect(readdirSync(join(secure.root, 'state/build/mounts'))).toEqual([]);
    expect((await builds.built(lines('three'))).stderr).not.toContain('| one\n');
  });

  it('does nothing again whose inputs are the same, and everything that depends on a change', async () => {
    const directory = builds.context('FROM busybox\nCOPY a /a\nRUN date +%s%N > /stamp\nCOPY b /b\nRUN echo last\n', {
      a: '1',
      b: '1',
    });
    const digest = async (...flags: string[]) => {
      const result = await builds.build(directory, ['-q', ...flags]);
      expect(result, result.stderr).toMatchObject({ code: 0, stderr: '' });
      return result.stdout;
    };
    const first = await digest();
    const stamp = await builds.show('cat', '/stamp');
    expect(await digest()).toBe(first);
    writeFileSync(join(directory, 'b'), '2');
    expect(await digest()).not.toBe(first);
    expect(await builds.show('cat', '/stamp')).toBe(stamp);
    // The prune keeps what builds need.
    expect((await secure.run('image', 'prune')).code).toBe(0);
    writeFileSync(join(directory, 'b'), '1');
    expect(await digest()).toBe(first);
    chmodSync(join(directory, 'a'), 0o755);
    await digest();
    expect(await builds.show('cat', '/stamp')).not.toBe(stamp);
    const again = await builds.show('cat', '/stamp');
    await digest('--no-cache');
    expect(await builds.show('cat', '/stamp')).not.toBe(again);
  });

  it('copies from a stage again what anything has changed about: the same image as without a cache', async () => {
    const made = new Set<string>();
    const equal = async (stage: string, below: string, copy: string) => {
      const file = `FROM busybox AS made\n${stage}\nFROM busybox\n${below}\nWORKDIR /to\n${copy}\n`;
      const directory = builds.context(file, { a: '1', b: '2' });
      mkdirSync(join(directory, 'low/other'), { recursive: true });
      symlinkSync('/other', join(directory, 'low/link'));
      const digests: string[] = [];
      for (const flags of [[], ['--no-cache']]) {
        const result = await builds.build(directory, ['-q', ...flags], { env: { SOURCE_DATE_EPOCH: '1000000000' } });
        expect(result, result.stderr).toMatchObject({ code: 0, stderr: '' });
        digests.push(result.stdout);
      }
      expect(new Set(digests).size, copy).toBe(1);
      made.add(digests[0] ?? '');
    };
    const stage = 'COPY a b /from/';
    const below = 'COPY low /';
    const copies = [
      'COPY --from=made /from ./',
      'COPY --from=made /from /to/x/',
      'COPY --from=made /from/a ./',
      'COPY --from=made --chown=7 /from ./',
      'COPY --from=made --chmod=700 /from ./',
      'COPY --from=made --exclude=b /from ./',
      'COPY --from=made --parents /from ./',
      'COPY --from=made /from /link/',
      'ARG NAME=a\nCOPY --from=made /from/$NAME ./c',
      'ARG NAME=b\nCOPY --from=made /from/$NAME ./c',
    ];
    for (const copy of copies) await equal(stage, below, copy);
    await equal('COPY a b /from/\nCOPY a /from/b', below, 'COPY --from=made /from ./');
    await equal(stage, 'COPY --chmod=700 low /', 'COPY --from=made /from /link/');
    await equal(stage, below, 'COPY --from=busybox /bin/true ./');
    expect(made.size).toBe(copies.length + 3);
  });

  it('is reproducible with SOURCE_DATE_EPOCH', async () => {
    const directory = builds.context(
      'FROM busybox AS a\nRUN mkdir /d; echo x > /d/x; touch /d/y; ln -s x /d/l; ln /d/x /d/h\nFROM busybox\nCOPY --from=a /d /d\nCOPY f /f\nWORKDIR /new/dir\nRUN rm /bin/true; echo y > /y\n',
      { f: 'f' },
    );
    const once = async () =>
      (await builds.build(directory, ['-q', '--no-cache'], { env: { SOURCE_DATE_EPOCH: '1700000000' } })).stdout;
    const first = await once();
    expect(first).toMatch(/^sha256:/);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    execFileSync('touch', [join(directory, 'f')]);
    expect(await once()).toBe(first);
  });

  it('runs stages that do not need each other at the same time', async () => {
    // Each waits for the other: one after the other would never end.
    const meet = (own: string, other: string) =>
      `FROM busybox AS ${own}\nRUN --mount=type=cache,id=meet,target=/m touch /m/${own}; for i in $(seq 100); do test -e /m/${other} && exit 0; sleep 0.1; done; exit 1\nRUN echo ${own} > /f\n`;
    await builds.built(
      `${meet('left', 'right')}${meet('right', 'left')}FROM busybox\nCOPY --from=left /f /l\nCOPY --from=right /f /r\n`,
      {},
      '--parallel',
      '2',
    );
    expect(await builds.show('cat', '/l', '/r')).toBe('left\nright\n');
  });

  it('unpacks archives of ADD, and takes files from an address with a digest only when it is right', async () => {
    const directory = builds.context('FROM busybox\nADD a.tar.gz /gz\nADD a.tar /tar/\nADD plain.gz /plain.gz\n', {
      'in/f': 'in archive',
    });
    execFileSync('sh', ['-c', 'tar -czf a.tar.gz in && tar -cf a.tar in && gzip -c in/f > plain.gz'], {
      cwd: directory,
    });
    expect(await builds.build(directory)).toMatchObject({ code: 0 });
    expect(await builds.show('cat', '/gz/in/f', '/tar/in/f')).toBe('in archivein archive');
    expect(await builds.show('zcat', '/plain.gz')).toBe('in archive');
    writeFileSync(
      join(directory, 'Dockerfile'),
      'FROM busybox\nADD a.tar.xz a.tar.bz2 /all/\nADD plain.xz /plain.xz\nADD plain.bz2 /plain.bz2\n',
    );
    execFileSync(
      'sh',
      [
        '-c',
        'tar -cJf a.tar.xz in && echo b > b && tar -cjf a.tar.bz2 b && xz -k b && cp b.xz plain.xz && bzip2 -k b && cp b.bz2 plain.bz2',
      ],
      { cwd: directory },
    );
    expect(await builds.build(directory)).toMatchObject({ code: 0 });
    expect(await builds.show('cat', '/all/in/f', '/all/b')).toBe('in archiveb\n');
    expect(await builds.show('xzcat', '/plain.xz')).toBe('b\n');
    expect(await builds.show('bzcat', '/plain.bz2')).toBe('b\n');
    // It begins as an archive and ends before its time: nothing is copied in its place.
    truncateSync(join(directory, 'a.tar.xz'), statSync(join(directory, 'a.tar.xz')).size - 20);
    expect(errorCode(await builds.build(directory))).toMatch(/^ARCHIVE_(?:TRUNCATED|INVALID)$/);
    expect(await builds.refused('FROM busybox\nADD https://github.com/x/y.git /y\n')).toContain('BUILD_FAILED');
    expect(await builds.refused('FROM busybox\nADD http://127.0.0.1:9/f /y\n', {}, '--network', 'none')).toContain(
      'BUILD_FAILED',
    );
    expect(await builds.refused('FROM busybox\nADD http://127.0.0.1:9/f /y\n')).toContain('BUILD_FAILED');
  });

  it('stores layers as they are sent: gzip, or as asked for; the same files in another form are another image', async () => {
    const file = 'FROM busybox\nCOPY one.txt /one\nRUN cat /one > /two\n';
    const forms: Record<string, unknown> = {};
    for (const [kind, flags] of Object.entries({
      gzip: [],
      zstd: ['--compression', 'zstd'],
      tar: ['--compression', 'none'],
    })) {
      const directory = builds.context(file, { 'one.txt': 'x'.repeat(100_000) });
      const result = await builds.build(directory, flags, { env: { SOURCE_DATE_EPOCH: '1700000000' } });
      expect(result, result.stderr).toMatchObject({ code: 0 });
      const { images } = (await secure.json('image', 'inspect', '--tree', 'out')) as {
        images: { layers: { diffId: string }[] }[];
      };
      const saved = join(secure.root, `${kind}.tar`);
      expect(await secure.run('image', 'save', '--format', 'oci-archive', '-o', saved, 'out')).toMatchObject({
        code: 0,
      });
      const manifest = JSON.parse(
        execFileSync('skopeo', ['inspect', '--raw', `oci-archive:${saved}`], { encoding: 'utf8' }),
      ) as { layers: { mediaType: string; digest: string; size: number }[] };
      const added = manifest.layers.slice(1);
      for (const { mediaType, size } of added) {
        expect(mediaType).toBe(`application/vnd.oci.image.layer.v1.tar${kind === 'tar' ? '' : `+${kind}`}`);
        if (kind === 'tar') expect(size).toBeGreaterThan(100_000);
        else expect(size).toBeLessThan(2000);
      }
      forms[kind] = images[0]?.layers.map(({ diffId }) => diffId);
      expect(await builds.show('wc', '-c', '/one', '/two')).toContain('200000 total');
    }
    expect(forms.zstd).toEqual(forms.gzip);
    expect(forms.tar).toEqual(forms.gzip);
  });

  it('does not let an archive of ADD out of its directory', async () => {
    const directory = builds.context('FROM busybox\nADD bad.tar /x\n');
    execFileSync(
      'sh',
      ['-c', 'mkdir d && echo x > d/evil && tar -cPf bad.tar --transform "s,d/evil,../../evil," d/evil'],
      { cwd: directory },
    );
    expect(errorCode(await builds.build(directory))).toBe('PATH_ESCAPE');
  });

  it('says how it was built, and what is in it', async () => {
    const secret = join(secure.root, 'provenance-secret');
    writeFileSync(secret, 'never-told');
    const flags = [
      '--build-arg',
      'A=1',
      '--build-arg',
      'HTTP_PROXY=http://u:password@h',
      '--secret',
      `id=s,src=${secret}`,
      '-t',
      'second',
    ];
    const database =
      'Package: made-up\nStatus: install ok installed\nVersion: 1.2-3\nArchitecture: all\nMaintainer: Nobody <n@example.org>\n\n';
    await builds.built('FROM busybox\nARG A\nCOPY status /var/lib/dpkg/status\n', { status: database }, ...flags);
    const { provenance, digest } = (await secure.json('image', 'provenance', 'second')) as {
      digest: string;
      provenance: Record<string, unknown>;
    };
    const base = (await secure.json('image', 'inspect', 'busybox')) as { digest: string };
    const hex = (text: string) => ({ sha256: text.replace('sha256:', '') });
    expect(provenance).toMatchObject({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name: 'localhost/out:latest', digest: hex(digest) }, { name: 'localhost/second:latest' }],
      predicateType: 'https://slsa.dev/provenance/v1',
      predicate: {
        buildDefinition: {
          externalParameters: { dockerfile: { name: 'Dockerfile' }, arguments: { A: '1' }, secrets: ['s'] },
          resolvedDependencies: [{ uri: 'docker://localhost/busybox:latest', digest: hex(base.digest) }],
        },
      },
    });
    expect(JSON.stringify(provenance)).not.toMatch(/password|never-told|secure-it-/);
    for (const format of ['cyclonedx', 'spdx']) {
      const sbom = await secure.json('image', 'sbom', 'out', '--format', format);
      expect(sbom.from).toBe('attached');
      expect(JSON.stringify(sbom.sbom)).toMatch(/made-up[\s\S]*1\.2-3/);
    }
    expect(errorCode(await secure.run('image', 'provenance', 'busybox'))).toBe('IMAGE_NOT_FOUND');
  });
});
