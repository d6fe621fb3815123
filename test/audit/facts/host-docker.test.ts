// SPDX-License-Identifier: Apache-2.0
// How dockerd is configured, from daemon.json and from its command line.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseFlags, words } from '../../../src/audit/facts/host/docker.ts';
import { parseObject } from '../../../src/audit/facts/host/json.ts';
import { collectHost } from '../../../src/audit/facts/host.ts';
import { checkFiles } from '../../support/audit.ts';

const checks = (await checkFiles()).map(({ check }) => check).filter(({ target }) => target === 'host');
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'secure-docker-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Verdicts by id of the machine whose files these are, with dockerd. */
async function audit(files: Readonly<Record<string, string>>) {
  for (const [path, text] of Object.entries({ 'usr/bin/dockerd': '', 'etc/passwd': '', ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const facts = await collectHost(root);
  return (id: string) => checks.find((check) => check.id === id)?.check(facts as never);
}
const UNIT = 'usr/lib/systemd/system/docker.service';
const JSON_FILE = 'etc/docker/daemon.json';

describe('daemon.json', () => {
  it('gives the line of the member that is wrong', async () => {
    const verdict = await audit({
      [JSON_FILE]: '{\n  "nested": {"icc": false},\n  "icc": true, "log-level":\n    "debug"\n}\n',
    });
    expect(verdict('SEC-HOST-0030')).toMatchObject({
      problems: [
        {
          key: 'icc',
          location: {
            logical: '/etc/docker/daemon.json',
            path: 'etc/docker/daemon.json',
            region: { startLine: 3, startColumn: 3, endLine: 3, endColumn: 14 },
          },
        },
      ],
    });
    expect(verdict('SEC-HOST-0031')).toMatchObject({
      problems: [{ location: { region: { startLine: 3, endLine: 4 } } }],
    });
  });

  it('that is not there leaves the defaults, at the file to make', async () => {
    const verdict = await audit({});
    expect(verdict('SEC-HOST-0036')).toMatchObject({ problems: [{ location: { path: 'etc/docker/daemon.json' } }] });
    expect(verdict('SEC-HOST-0032')).toEqual({ status: 'pass' });
  });

  it.each([
    ['is no JSON', '{"icc": false,}'],
    ['is a list', '["icc"]'],
    ['is cut off', '{"icc": fal'],
    ['is binary', '\0\x01\x1b[2J'],
  ])('that %s decides nothing', async (_, text) => {
    const verdict = (await audit({ [JSON_FILE]: text }))('SEC-HOST-0030');
    expect(verdict).toMatchObject({
      status: 'unknown',
      why: expect.stringContaining('/etc/docker/daemon.json cannot be read'),
    });
    expect(JSON.stringify(verdict)).not.toMatch(/\\u00/);
  });

  it.each([
    ['SEC-HOST-0033', '{"insecure-registries": ["localhost:5000", "[::1]:5000", "10.0.0.0/8"]}', 'fail'],
    ['SEC-HOST-0033', '{"insecure-registries": ["localhost:5000", "[::1]:5000"]}', 'pass'],
    ['SEC-HOST-0033', '{"insecure-registries": ["localhost.example"]}', 'fail'],
    ['SEC-HOST-0035', '{"hosts": ["unix:///run/docker.sock"]}', 'pass'],
    ['SEC-HOST-0035', '{"hosts": ["tcp://:2376"], "tls": true}', 'fail'],
    ['SEC-HOST-0035', '{"hosts": ["0.0.0.0:2375"]}', 'fail'],
    ['SEC-HOST-0035', '{"hosts": ["tcp://:2376"], "tlsverify": true}', 'pass'],
    ['SEC-HOST-0030', '{"icc": "false"}', 'fail'],
    ['SEC-HOST-0042', '{"log-driver": "journald"}', 'pass'],
    ['SEC-HOST-0042', '{"log-driver": "json-file"}', 'fail'],
    ['SEC-HOST-0036', '{"userns-remap": 1}', 'fail'],
  ])('%s of %s: %s', async (id, text, status) => {
    expect((await audit({ [JSON_FILE]: text }))(id)?.status).toBe(status);
  });
});

describe('the command line', () => {
  it('of the unit counts, at the unit, and its drop-in takes its place', async () => {
    const unit = '[Service]\nExecStart=/usr/bin/dockerd -H fd:// \\\n  --icc=false\n';
    expect((await audit({ [UNIT]: unit }))('SEC-HOST-0030')).toEqual({ status: 'pass' });
    const verdict = await audit({
      'etc/systemd/system/docker.service.d/tcp.conf':
        '[Service]\nExecStart=\nExecStart=/usr/bin/dockerd -H tcp://0.0.0.0:2375\n',
    });
    expect(verdict('SEC-HOST-0030')?.status).toBe('fail');
    expect(verdict('SEC-HOST-0035')).toMatchObject({ problems: [{ location: { path: UNIT } }] });
  });

  it('takes $DOCKER_OPTS from /etc/default/docker', async () => {
    const verdict = await audit({
      [UNIT]: '[Service]\nEnvironmentFile=-/etc/default/docker\nExecStart=/usr/bin/dockerd $DOCKER_OPTS\n',
      'etc/default/docker':
        '# DOCKER_OPTS="--icc=true"\nDOCKER_OPTS="--icc=false --insecure-registry r.example:5000"\n',
    });
    expect(verdict('SEC-HOST-0030')).toEqual({ status: 'pass' });
    expect(verdict('SEC-HOST-0033')?.status).toBe('fail');
  });

  it('of the daemon that runs counts more, and only that of its own pid file', async () => {
    const files = {
      [UNIT]: '[Service]\nExecStart=/usr/bin/dockerd --icc=true\n',
      'proc/77/comm': 'dockerd\n',
      'proc/77/cmdline': '/usr/bin/dockerd\0--icc=false\0',
    };
    expect((await audit(files))('SEC-HOST-0030')?.status).toBe('fail');
    expect((await audit({ 'run/docker.pid': '77' }))('SEC-HOST-0030')).toEqual({ status: 'pass' });
    expect((await audit({ 'run/docker.pid': '../77' }))('SEC-HOST-0030')?.status).toBe('fail');
  });

  it('adds its hosts to those of daemon.json, and names another daemon.json', async () => {
    const verdict = await audit({
      [UNIT]: '[Service]\nExecStart=/usr/bin/dockerd --config-file /etc/d.json -H fd://\n',
      'etc/d.json': '{"hosts": ["tcp://0.0.0.0:2375"], "icc": false}',
      [JSON_FILE]: '{"icc": true}',
    });
    expect(verdict('SEC-HOST-0030')).toEqual({ status: 'pass' });
    expect(verdict('SEC-HOST-0035')).toMatchObject({
      problems: [{ location: { path: 'etc/d.json', region: { startLine: 1 } } }],
    });
  });

  it.each([
    [['--icc=false', '--live-restore'], { icc: false, 'live-restore': true }],
    [['--icc', 'false'], { icc: true }],
    [['-l', 'debug', '-s=overlay2'], { 'log-level': 'debug', 'storage-driver': 'overlay2' }],
    [['-H', 'a', '--host=b', '-H=c'], { hosts: ['a', 'b', 'c'] }],
    [['--log-level'], { 'log-level': '' }],
    [['dockerd', '--', '-', 'x'], {}],
  ])('%j', (argv, expected) => {
    expect(Object.fromEntries(parseFlags(argv))).toEqual(expected);
  });

  it('is split at white space outside quotes', () => {
    expect(words(`a "b c" 'd "e'  f\\ g x"y z"w "\\"" '`)).toEqual(['a', 'b c', 'd "e', 'f g', 'xy zw', '"']);
  });
});

describe('places in JSON', () => {
  it.each([
    ['{"a":1}', { a: [1, 2, 1, 7] }],
    ['\n{ "a" : [ {"b": "}"} , 2 ] ,\r\n "c":"\\"" }', { a: [2, 3, 2, 27], c: [3, 2, 3, 10] }],
    ['{"a": 1, "a": 2}', { a: [1, 10, 1, 16] }],
    ['{"\\u0061": {"x": 1}}', { a: [1, 2, 1, 20] }],
  ])('%j', (text, expected) => {
    const object = parseObject(text);
    const places = Object.entries(object.status === 'object' ? object.members : {}).map(([key, { region: r }]) => [
      key,
      [r.startLine, r.startColumn, r.endLine, r.endColumn],
    ]);
    expect(Object.fromEntries(places)).toEqual(expected);
  });
});
