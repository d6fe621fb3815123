// SPDX-License-Identifier: Apache-2.0
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import schema from '../../../schemas/inputs/compose.schema.json' with { type: 'json' };
import { interpolated } from '../../../src/audit/facts/compose/interpolate.ts';
import { composeSubjects, isCompose } from '../../../src/audit/facts/compose/services.ts';
import { SecureError } from '../../../src/errors.ts';
import { temporaryDirectory } from '../../support/store.ts';

const validate = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(schema);
interface Facts {
  readonly [name: string]: unknown;
  readonly name: string;
  readonly line: number;
  readonly column: number;
}

/** The services of a file, checked against their schema. */
function services(text: string, others: Record<string, string> = {}): Facts[] {
  const read = (path: string) => {
    const found = Object.entries(others).find(([name]) => resolve(name) === path);
    if (found === undefined) throw new SecureError('AUDIT_UNREADABLE', `${path} is not there`);
    return found[1];
  };
  return [...composeSubjects(text, 'compose.yaml', read)].map(({ target, facts, file }) => {
    expect(target).toBe('compose');
    expect(validate(facts), JSON.stringify(validate.errors)).toBe(true);
    expect(file).toMatchObject({ line: (facts as unknown as Facts).line, column: (facts as unknown as Facts).column });
    return facts as unknown as Facts;
  });
}
const one = (service: string, rest = '') => services(`services:\n  web: ${service}\n${rest}`)[0] as Facts;
function refused(text: string, others: Record<string, string> = {}): string {
  try {
    services(text, others);
  } catch (error) {
    if (error instanceof SecureError)
      return `${error.code} ${error.position?.line}:${error.position?.column} ${error.message}`;
    throw error;
  }
  return 'read';
}

describe('services of a compose file', () => {
  it('have their place, and nothing where nothing is said', () => {
    const text = '# first\nname: p\nservices:\n  a: {image: x}\n  b:\n    image: y\n';
    expect(services(text).map(({ name, project, line, column }) => [name, project, line, column])).toEqual([
      ['a', 'p', 4, 3],
      ['b', 'p', 5, 3],
    ]);
    expect(one('{image: x}')).toMatchObject({
      ...{ privileged: false, readOnly: false, apiSocket: false, user: '', networkMode: '', memory: null, pids: null },
      ...{ ports: [], mounts: [], environment: {}, command: [], other: [], capabilities: { add: [], drop: [] } },
      build: { built: false },
    });
  });

  it.each([
    ['80', [['', 0, 80, 'tcp']]],
    ['"8080:80"', [['', 8080, 80, 'tcp']]],
    ['"127.0.0.1:8080:80/udp"', [['127.0.0.1', 8080, 80, 'udp']]],
    ['"127.0.0.1::80"', [['127.0.0.1', 0, 80, 'tcp']]],
    ['"[::1]:8080:80"', [['::1', 8080, 80, 'tcp']]],
    [
      '"3000-3001"',
      [
        ['', 0, 3000, 'tcp'],
        ['', 0, 3001, 'tcp'],
      ],
    ],
    [
      '"9090-9091:8080-8081"',
      [
        ['', 9090, 8080, 'tcp'],
        ['', 9091, 8081, 'tcp'],
      ],
    ],
    [
      '"9090-9091:80"',
      [
        ['', 9090, 80, 'tcp'],
        ['', 9091, 80, 'tcp'],
      ],
    ],
    ['"${PORT:-8080}:80"', [['', 8080, 80, 'tcp']]],
    ['"${PORT}:80"', [['', null, 80, 'tcp']]],
    ['"${ADDRESS}:8080:80"', [['${ADDRESS}', 8080, 80, 'tcp']]],
    ['{target: 80, published: "8080", host_ip: 10.0.0.1, protocol: udp}', [['10.0.0.1', 8080, 80, 'udp']]],
    ['{target: 80}', [['', 0, 80, 'tcp']]],
  ])('publish %s', (port, wanted) => {
    const { ports } = one(`{image: x, ports: [${port}]}`) as unknown as { ports: Record<string, unknown>[] };
    expect(
      ports.map(({ hostAddress, hostPort, containerPort, protocol }) => [
        hostAddress,
        hostPort,
        containerPort,
        protocol,
      ]),
    ).toEqual(wanted);
  });

  it.each([
    ['/data', 'volume', '', '/data', false],
    ['/srv:/data', 'bind', '/srv', '/data', false],
    ['./a:/data:ro', 'bind', './a', '/data', true],
    ['"~/a:/data:ro,z"', 'bind', '~/a', '/data', true],
    ['v:/data:ro', 'volume', 'v', '/data', true],
    ['C:/a:/data', 'bind', 'C:/a', '/data', false],
    ['named:/data', 'volume', 'named', '/data', false],
    ['"${HOME}:/data"', 'bind', '${HOME}', '/data', false],
    ['"C:\\\\a:/data:ro"', 'bind', 'C:\\a', '/data', true],
    [
      '{type: bind, source: /var/run/docker.sock, target: /s, read_only: true}',
      'bind',
      '/var/run/docker.sock',
      '/s',
      true,
    ],
    ['{type: tmpfs, target: /t}', 'tmpfs', '', '/t', false],
    // A path of the host by another name.
    ['root:/host', 'bind', '/', '/host', false],
  ])('mount %s', (volume, type, source, target, readOnly) => {
    const facts = one(
      `{image: x, volumes: [${volume}]}`,
      'volumes:\n  root: {driver: local, driver_opts: {type: none, o: "ro,bind", device: /}}\n',
    );
    expect(facts.mounts).toMatchObject([{ type, source, target, readOnly }]);
  });

  it('are asked for what is only known when they are deployed: it is null', () => {
    const open = one(
      '{image: "x:${TAG}", privileged: "${P}", read_only: "${R:-true}", mem_limit: "${M}", pids_limit: "${N:-5}", user: "${U-7}"}',
    );
    expect(open).toMatchObject({
      image: 'x:${TAG}',
      privileged: null,
      readOnly: true,
      memory: null,
      pids: 5,
      user: '7',
    });
  });

  it.each([
    ['a', 'a'],
    ['$$a ${B:-c} $D', '$a c ${D}'],
    ['${A:-${B:-c}}d', 'cd'],
    ['${A:?must be there}', '${A}'],
    ['${A:+other}', '${A}'],
    ['${A-}', ''],
    ['${unclosed', '${unclosed'],
    ['100$', '100$'],
    [`${'${A:-'.repeat(50)}x${'}'.repeat(50)}`, expect.stringContaining('${A:-')],
  ])('interpolate %s', (text, wanted) => {
    expect(interpolated(text)).toEqual(wanted);
  });

  it('are merged with what they stand on, whichever way', () => {
    const text = [
      'x-base: &base {privileged: true, cap_add: [A], environment: {X: "1", Y: "1"}}',
      'services:',
      '  merged: {<<: *base, cap_add: [B]}',
      '  twice: {<<: [*base, {read_only: true, privileged: false}]}',
      '  extending: {extends: merged, cap_add: [C], environment: ["X=2", Z], command: [b]}',
      '  elsewhere: {extends: {file: other/base.yaml, service: b}, command: c}',
    ].join('\n');
    const others = {
      'other/base.yaml': 'services:\n  b: {extends: {file: ../far.yaml, service: f}, command: [a], cap_drop: [ALL]}\n',
      'far.yaml': 'services: {f: {pid: host}}\n',
    };
    expect(services(text, others)).toMatchObject([
      { name: 'merged', privileged: true, capabilities: { add: ['B'] } },
      { name: 'twice', privileged: true, readOnly: true },
      {
        name: 'extending',
        privileged: true,
        capabilities: { add: ['B', 'C'] },
        environment: { X: '2', Y: '1', Z: '${Z}' },
        command: ['b'],
      },
      { name: 'elsewhere', pid: 'host', command: ['c'], capabilities: { drop: ['ALL'] } },
    ]);
  });

  it('are those of included files too, with their own places', () => {
    const others = {
      'a/b.yaml': 'include: [../c.yaml]\nservices:\n  b: {image: x}\n',
      'c.yaml': 'include: [{path: [a/b.yaml]}]\nservices: {c: {image: x}}\n',
    };
    const found = services('include: [a/b.yaml]\nservices: {a: {image: x}}\n', others);
    expect(found.map(({ name, line }) => [name, line])).toEqual([
      ['a', 2],
      ['b', 3],
      ['c', 2],
    ]);
  });

  it('name keys that nothing is known of', () => {
    expect(one('{image: x, x-mine: 1, super_user: true, use_api_socket: true}')).toMatchObject({
      apiSocket: true,
      other: ['super_user'],
    });
  });

  it.each([
    ['services:\n  a: {image: [x]}', 'MANIFEST_INVALID 2:14 compose.yaml:2:14: services.a.image must be text'],
    ['services:\n  a: {privileged: perhaps}', 'MANIFEST_INVALID 2:19'],
    ['services:\n  a: {ports: ["80-70"]}', 'MANIFEST_INVALID 2:15'],
    ['services:\n  a: {ports: ["1-65535"]}', 'a range of at most'],
    ['services:\n  a: {ports: ["70000"]}', 'a port'],
    ['services:\n  a: {mem_limit: lots}', 'MANIFEST_INVALID 2:18'],
    ['services:\n  a: {extends: b}\n  b: {extends: a}', 'extends itself'],
    ['services:\n  a: {extends: z}', 'there is no service z'],
    ['services:\n  a: {extends: {file: none.yaml, service: z}}', 'AUDIT_UNREADABLE'],
    ['services: [a]', 'services must be a mapping'],
    ['services: {a: 1}', 'services.a must be a mapping'],
    ['a: &x [*x]\nservices: {}', 'MANIFEST_INVALID'],
    ['services:\n  a: {privileged: !override true}', 'MANIFEST_INVALID'],
    ['services: {}\n---\nservices: {}', 'one document'],
  ])('are refused: %s', (text, message) => {
    expect(refused(text)).toContain(message);
  });

  it('are told from other files by what is in them', () => {
    expect(
      [{ services: {} }, { include: [] }, { kind: 'List', apiVersion: 'v1', services: {} }, [], null, 'services'].map(
        isCompose,
      ),
    ).toEqual([true, true, false, false, false, false]);
  });
});

const noCompose = () => process.env.SECURE_MUST_WORK !== '1' && spawnSync('docker-compose', ['version']).status !== 0;

/** What compose itself makes of a project: everything merged, in its own form. */
describe.skipIf(noCompose())('beside docker-compose config', { timeout: 60_000 }, () => {
  it.each([
    [
      'extends',
      {
        'compose.yaml':
          'services:\n  a: {extends: {file: b/base.yaml, service: s}, cap_add: [NET_RAW], environment: {X: "2"}, ports: ["81:81"]}\n',
        'b/base.yaml':
          'services:\n  s: {image: "i:1", privileged: true, cap_add: [SYS_ADMIN], environment: ["X=1", "Y=1"], ports: ["80:80"], pid: host, mem_limit: 64m}\n',
      },
    ],
    [
      'merge keys',
      {
        'compose.yaml':
          'x-a: &a {image: i, read_only: true, environment: {A: "1"}}\nx-b: &b {image: j, user: "7"}\nservices:\n  a: {<<: [*a, *b], environment: {B: "1"}}\n  b: {<<: *b, network_mode: host}\n',
      },
    ],
    [
      'variables',
      {
        'compose.yaml':
          'services:\n  a: {image: "${REPO:-r}/${NAME-n}:${TAG:-1}", command: "echo $$HOME", privileged: "${P:-true}", ports: ["${PORT:-8080}:80"]}\n',
      },
    ],
    [
      'forms',
      {
        'compose.yaml':
          'services:\n  a: {image: i, ports: ["127.0.0.1:7000-7001:80-81/udp", {target: 5, published: 6}], volumes: ["/srv:/data:ro", "v:/v", {type: bind, source: /x, target: /y, read_only: true}], ulimits: {nproc: 7, nofile: {soft: 1, hard: 2}}, cap_drop: [ALL], security_opt: ["no-new-privileges:true"], devices: ["/dev/null:/dev/x:r"]}\nvolumes: {v: {}}\n',
      },
    ],
  ])('%s come to the same', (_, files) => {
    const directory = temporaryDirectory();
    for (const [name, text] of Object.entries(files as Record<string, string>)) {
      mkdirSync(dirname(join(directory, name)), { recursive: true });
      writeFileSync(
        join(directory, name),
        name === 'compose.yaml' ? `version: "2.4"\n${text}` : `version: "2.4"\n${text}`,
      );
    }
    const path = join(directory, 'compose.yaml');
    const resolved = execFileSync('docker-compose', ['-f', path, 'config'], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, HOME: '/root' },
    });
    const theirs = [...composeSubjects(resolved, path, () => '')].map(({ facts }) => facts as unknown as Facts);
    const read = (other: string) =>
      `version: "2.4"\n${(files as Record<string, string>)[other.slice(directory.length + 1)]}`;
    const ours = [
      ...composeSubjects(`version: "2.4"\n${(files as Record<string, string>)['compose.yaml']}`, path, read),
    ].map(({ facts }) => facts as unknown as Facts);
    // What it writes out is in another order and place.
    const plain = (facts: Facts) =>
      JSON.parse(
        JSON.stringify({ ...facts, line: 0, column: 0 }, (_key, value: unknown) =>
          Array.isArray(value) && value.every((item) => typeof item !== 'object') ? value.toSorted() : value,
        ),
      ) as unknown;
    expect(parse(resolved)).toHaveProperty('services');
    expect(ours.map(plain)).toEqual(theirs.map(plain));
  });
});
