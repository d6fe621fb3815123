// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readArguments } from '../../../src/cli/read.ts';
import { RUN_FLAGS } from '../../../src/cli/run/flags.ts';
import { type RunFlags, readRequest } from '../../../src/cli/run/request.ts';
import { Inputs } from '../../../src/runtime/inputs.ts';

let cwd = '';
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'secure-request-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(cwd, { recursive: true });
});

async function request(...argv: string[]) {
  const inputs = new Inputs();
  const { flags, argv: operands } = await readArguments(argv, {
    flags: RUN_FLAGS,
    args: {},
    verbatim: true,
    invocation: 'secure run',
  });
  return { ...(await readRequest(flags as RunFlags, operands, 'default', cwd, inputs)), records: inputs.records };
}

describe('readRequest', () => {
  it('asks for nothing that was not asked for', async () => {
    expect(await request('img')).toEqual({
      image: 'img',
      args: [],
      profile: 'default',
      detach: false,
      tty: false,
      interactive: false,
      remove: false,
      env: [],
      groupAdd: [],
      volumes: [],
      tmpfs: [],
      capAdd: [],
      capDrop: [],
      securityOpt: [],
      privileged: false,
      publish: [],
      publishAll: false,
      dns: [],
      dnsSearch: [],
      dnsOptions: [],
      addHosts: [],
      extraCas: [],
      limits: { ulimits: [] },
      trust: false,
      enforcement: 'required',
      records: [],
    });
  });

  it('carries every flag to its place, and the command verbatim', async () => {
    const argv =
      '-itd --rm --name n -w /w -u 1:2 -h host --read-only --cap-add A --cap-drop B --cap-drop C --security-opt x=y --group-add 5 ' +
      '-m 1g --memory-swap -1 --cpus 1.5 --cpuset-cpus 0 --pids-limit 9 --shm-size 1m --ulimit nofile=1 --stop-signal hup --stop-timeout 3 ' +
      '--tmpfs /t --trust --privileged --enforcement best-effort img --rm -- -x';
    expect(await request(...argv.split(' '))).toMatchObject({
      image: 'img',
      args: ['--rm', '--', '-x'],
      detach: true,
      tty: true,
      interactive: true,
      remove: true,
      name: 'n',
      workdir: '/w',
      user: '1:2',
      hostname: 'host',
      readOnly: true,
      capAdd: ['A'],
      capDrop: ['B', 'C'],
      securityOpt: ['x=y'],
      groupAdd: ['5'],
      stopSignal: 'SIGHUP',
      stopTimeout: 3,
      tmpfs: [{ destination: '/t', options: [] }],
      trust: true,
      privileged: true,
      enforcement: 'best-effort',
      limits: {
        memory: 2 ** 30,
        memorySwap: -1,
        cpus: 1.5,
        cpuset: '0',
        pids: 9,
        shmSize: 2 ** 20,
        ulimits: [{ name: 'nofile', soft: 1, hard: 1 }],
      },
    });
  });

  it('tells an entry point that is cleared from one that was not given', async () => {
    expect((await request('--entrypoint', '', 'img')).entrypoint).toEqual([]);
    expect((await request('--entrypoint', '/x', 'img')).entrypoint).toEqual(['/x']);
    expect((await request('img')).entrypoint).toBeUndefined();
  });

  it.each([[[]], [['']], [['--rm']], [['--']]])('%j lacks an image', async (argv) => {
    await expect(request(...argv)).rejects.toMatchObject({ code: 'MISSING_ARGUMENT' });
  });

  it.each<[string[], string]>([
    [['--memory-swap', '1g', 'img'], 'USAGE'],
    [['-m', '2g', '--memory-swap', '1g', 'img'], 'INVALID_VALUE'],
    [['-v', './missing:/x', 'img'], 'INVALID_VALUE'],
    [['-e', '=x', 'img'], 'INVALID_VALUE'],
    [['--env-file', 'missing', 'img'], 'INVALID_VALUE'],
    [['--env-file', '/dev/zero', 'img'], 'INVALID_VALUE'],
    [['-w', 'relative', 'img'], 'INVALID_VALUE'],
    [['--network', 'host', 'img'], 'INVALID_VALUE'],
    [['--network', 'none', '--network', 'host', 'img'], 'INVALID_VALUE'],
  ])('%j is %s', async (argv, code) => {
    await expect(request(...argv)).rejects.toMatchObject({ code });
  });
});

describe('network', () => {
  it('carries each flag, docker spellings too', async () => {
    const argv =
      '--net bridge -p 8080-8081:80-81 -p 53/udp -P --dns 9.9.9.9 --dns-search a.b --dns-opt rotate --add-host x:host-gateway img -p 1';
    expect(await request(...argv.split(' '))).toMatchObject({
      args: ['-p', '1'],
      network: 'bridge',
      publish: [
        { hostPort: 8080, containerPort: 80, protocol: 'tcp' },
        { hostPort: 8081, containerPort: 81, protocol: 'tcp' },
        { containerPort: 53, protocol: 'udp' },
      ],
      publishAll: true,
      dns: ['9.9.9.9'],
      dnsSearch: ['a.b'],
      dnsOptions: ['rotate'],
      addHosts: [{ name: 'x', address: 'host-gateway' }],
    });
  });
  it.each([['-p', '80:80'], ['-P'], ['--dns', '9.9.9.9'], ['--add-host', 'x:host-gateway']])(
    'none excludes %s',
    async (...argv) => {
      await expect(request('--network', 'none', ...argv, 'img')).rejects.toMatchObject({ code: 'USAGE' });
    },
  );
  it('--proxy-env takes what is set here in both cases of letters, and records what is not', async () => {
    for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'ALL_PROXY', 'NO_PROXY']) {
      vi.stubEnv(name, undefined);
      vi.stubEnv(name.toLowerCase(), undefined);
    }
    vi.stubEnv('https_proxy', 'http://p:3128');
    vi.stubEnv('NO_PROXY', '');
    const { proxyEnv, records } = await request('--proxy-env', 'img');
    expect(proxyEnv).toEqual(['https_proxy=http://p:3128']);
    expect(records).toHaveLength(10);
    expect(records).toContainEqual({ kind: 'env', name: 'http_proxy', value: null });
    expect((await request('img')).records).toEqual([]);
  });
});

describe('binds', () => {
  it('are real paths, and the path as typed is recorded', async () => {
    mkdirSync(join(cwd, 'real'));
    symlinkSync('real', join(cwd, 'link'));
    const { volumes, records } = await request('-v', './link:/x:ro', '--mount', 'type=bind,source=.,target=/y', 'img');
    expect(volumes).toEqual([
      { source: join(cwd, 'real'), destination: '/x', options: ['ro'] },
      { source: cwd, destination: '/y', options: [] },
    ]);
    expect(records).toEqual([
      expect.objectContaining({ kind: 'file', path: join(cwd, 'link') }),
      expect.objectContaining({ kind: 'file', path: cwd }),
    ]);
  });
});

describe('environment', () => {
  it('files first, flags after, the last word on a name wins; values are not touched', async () => {
    writeFileSync(join(cwd, 'env'), '\ufeff# comment\nA=1\r\n\n  B="q # x"\nC=\nD\nE=a=b');
    vi.stubEnv('D', 'from here');
    const { env, records } = await request('--env-file', 'env', '-e', 'A=2', '-e', 'F', 'img');
    expect(env).toEqual(['A=2', 'B="q # x"', 'C=', 'D=from here', 'E=a=b']);
    expect(records).toEqual([
      expect.objectContaining({ kind: 'content', path: join(cwd, 'env') }),
      { kind: 'env', name: 'D', value: 'from here' },
      { kind: 'env', name: 'F', value: null },
    ]);
  });
  it.each([['A B=1'], ['=x'], ['A=1\0'], [Buffer.from([0x41, 0x3d, 0xff])]])(
    'a file of %j is refused',
    async (text) => {
      writeFileSync(join(cwd, 'env'), text);
      await expect(request('--env-file', 'env', 'img')).rejects.toMatchObject({ code: 'INVALID_VALUE' });
    },
  );
});
