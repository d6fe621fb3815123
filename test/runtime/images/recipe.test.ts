// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SecureError } from '../../../src/errors.ts';
import { parseRecipe } from '../../../src/runtime/images/debian/recipe.ts';
import { debianRequest } from '../../../src/runtime/images/debian/request.ts';
import { atSnapshot, parseSnapshot } from '../../../src/runtime/images/debian/snapshot.ts';
import { formatSources } from '../../../src/runtime/images/debian/sources.ts';
import { formatUsers, parseUser } from '../../../src/runtime/images/debian/users.ts';
import { codeOf, temporaryDirectory } from '../../support/store.ts';

const WEB = `# a web server
name: web:1.2
suite: bookworm
snapshot: 20250520T000000Z
variant: essential
packages: [nginx-light, ca-certificates=20230311]
users:
  - name: app
    uid: 1000
    home: /home/app
  - { name: job, uid: 1001, gid: 1000 }
user: app
entrypoint: [/usr/sbin/nginx]
cmd: ["-g", "daemon off;"]
env:
  MODE: production
  EMPTY: ""
workdir: /srv
ports: [80, 443/tcp, 53/udp]
volumes: [/var/cache/nginx]
labels:
  org.opencontainers.image.title: web
stop-signal: SIGQUIT
`;

function failure(text: string): SecureError {
  try {
    parseRecipe(text, 'web.yaml');
  } catch (error) {
    if (error instanceof SecureError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

function file(text: string): string {
  const path = join(temporaryDirectory(), 'recipe.yaml');
  writeFileSync(path, text);
  return path;
}

describe('a recipe', () => {
  it('says everything that the flags say', () => {
    const request = debianRequest([], { recipe: file(WEB) });
    expect(request).toEqual({
      name: 'web:1.2',
      suite: 'bookworm',
      snapshot: { prefix: 'http://snapshot.debian.org/archive', timestamp: '20250520T000000Z' },
      variant: 'essential',
      packages: ['nginx-light', 'ca-certificates=20230311'],
      users: [
        { name: 'app', uid: 1000, gid: 1000, home: '/home/app' },
        { name: 'job', uid: 1001, gid: 1000, home: '/nonexistent' },
      ],
      settings: {
        user: 'app',
        entrypoint: ['/usr/sbin/nginx'],
        cmd: ['-g', 'daemon off;'],
        env: ['MODE=production', 'EMPTY='],
        workingDir: '/srv',
        exposedPorts: ['80/tcp', '443/tcp', '53/udp'],
        volumes: ['/var/cache/nginx'],
        labels: { 'org.opencontainers.image.title': 'web' },
        stopSignal: 'SIGQUIT',
      },
    });
    const flags = {
      name: 'web:1.2',
      suite: 'bookworm',
      snapshot: '20250520T000000Z',
      variant: 'essential',
      'add-user': ['app:1000::/home/app', 'job:1001:1000'],
      user: 'app',
      entrypoint: '/usr/sbin/nginx',
      cmd: '["-g", "daemon off;"]',
      env: ['MODE=production', 'EMPTY='],
      workdir: '/srv',
      port: ['80', '443/tcp', '53/udp'],
      volume: ['/var/cache/nginx'],
      label: ['org.opencontainers.image.title=web'],
      'stop-signal': 'SIGQUIT',
    };
    expect(debianRequest(['nginx-light', 'ca-certificates=20230311'], flags)).toEqual(request);
  });

  it('gives way to flags, and what they list is added', () => {
    const request = debianRequest(['curl', 'nginx-light'], {
      recipe: file(WEB),
      name: 'other',
      cmd: '-t',
      minimal: true,
      env: ['MODE=test', 'MORE=1'],
      port: ['8080'],
    });
    expect(request).toMatchObject({
      name: 'other',
      variant: 'minimal',
      packages: ['nginx-light', 'ca-certificates=20230311', 'curl'],
      settings: {
        cmd: ['-t'],
        env: ['MODE=test', 'EMPTY=', 'MORE=1'],
        exposedPorts: ['80/tcp', '443/tcp', '53/udp', '8080/tcp'],
      },
    });
  });

  it('needs a name and a package from somewhere', async () => {
    expect(await codeOf(() => debianRequest(['x1'], {}))).toBe('MISSING_ARGUMENT');
    expect(await codeOf(() => debianRequest([], { name: 'x' }))).toBe('MISSING_ARGUMENT');
    expect(await codeOf(() => debianRequest([], { recipe: '/nonexistent/recipe.yaml' }))).toBe('RECIPE_UNREADABLE');
    expect(await codeOf(() => debianRequest([], { recipe: '/dev/zero' }))).toBe('RECIPE_UNREADABLE');
  });

  it.each<[text: string, line: number, column: number, says: RegExp]>([
    ['packages: [a1]\npackges: [b1]\n', 2, 1, /did you mean "packages"/],
    ['packages: [a1]\nstopsignal: TERM\n', 2, 1, /did you mean "stop-signal"/],
    ['users:\n  - name: app\n    uid: 1\n    hom: /x\n', 4, 5, /did you mean "home"/],
    ['packages:\n  - nginx\n  - "?all"\n', 3, 5, /not the name of a Debian package/],
    ['packages: nginx\n', 1, 11, /must be a list/],
    ['env:\n  VERSION: 1.10\n', 2, 12, /in quotes/],
    ['env: [A=1]\n', 1, 6, /must be a mapping/],
    ['ports: [80, 70000]\n', 1, 13, /is not a port/],
    ['cmd: nginx -g\n', 1, 6, /must be a list/],
    ['cmd: []\n', 1, 6, /is not a command/],
    ['workdir: srv\n', 1, 10, /absolute path/],
    ['volumes: [data]\n', 1, 11, /absolute path/],
    ['variant: esential\n', 1, 10, /did you mean "essential"/],
    ['snapshot: 20250230T000000Z\n', 1, 11, /not a snapshot/],
    ['stop-signal: SIGNOPE\n', 1, 14, /not a signal/],
    ['user: "a b"\n', 1, 7, /USER/],
    ['name: UPPER\n', 1, 7, /UPPER/],
    ['users:\n  - name: root x\n    uid: 5\n', 2, 11, /must be a name/],
    ['users:\n  - { name: app }\n', 2, 5, /"uid"/],
    ['users:\n  - { name: app, uid: 0 }\n', 2, 23, /from 1 to 65533/],
    ['users:\n  - { name: app, uid: 1.5 }\n', 2, 23, /from 1 to 65533/],
    ['users:\n  - { name: app, uid: "5" }\n', 2, 23, /must be a number/],
    ['users:\n  - { name: app, uid: 5, home: /a/../b }\n', 2, 32, /absolute path/],
    ['users:\n  - { name: app, uid: 5 }\n  - { name: job, uid: 5 }\n', 3, 5, /earlier one/],
    ['- nginx\n', 1, 1, /must be a mapping/],
    ['packages: [a1\n', 2, 1, /./],
    ['packages: [a1]\npackages: [b1]\n', 2, 1, /twice/],
    ['suite: ../x\n', 1, 8, /suite/],
  ])('is refused where it is wrong: %j', (text, line, column, says) => {
    const error = failure(text);
    expect(error.code).toBe('RECIPE_INVALID');
    expect(error.position).toEqual({ file: 'web.yaml', line, column });
    expect(error.message).toMatch(says);
  });

  it('says everything that is wrong at once', () => {
    const { message } = failure('packages: nginx\nports: [x]\nbad: 1\n');
    expect(message.match(/web\.yaml:\d+:\d+/g)).toEqual(['web.yaml:2:9', 'web.yaml:3:1']);
  });

  it('a key called __proto__ is a key like any other', () => {
    expect(failure('__proto__: {}\n').code).toBe('RECIPE_INVALID');
    expect(parseRecipe('env: { __proto__: x }\n', 'f').settings.env).toEqual(['__proto__=x']);
  });
});

describe('users', () => {
  it('have defaults', () => {
    expect(parseUser('app:1000')).toEqual({ name: 'app', uid: 1000, gid: 1000, home: '/nonexistent' });
    expect(formatUsers([parseUser('app:1:2:/srv/app'), parseUser('b:3')])).toBe(
      'app 1 2 /srv/app\nb 3 3 /nonexistent\n',
    );
  });

  it.each([
    '',
    'app',
    'app:',
    'app:x',
    ':5',
    'app:0',
    'app:65534',
    'app:1:0',
    'App:1',
    'app:1:1:rel',
    'app:1:1:/a b',
    'app:1:1:/a/..',
    'app:1:1:/a:b',
    'a\nb:1',
    `app:1:1:/$(id)`,
  ])('not %j', async (text) => expect(await codeOf(() => parseUser(text))).toBe('INVALID_VALUE'));
});

describe('snapshots', () => {
  const sources = [
    { uris: ['http://deb.example/debian'], suites: ['bookworm'], components: ['main'], signedBy: '/k' },
    {
      uris: ['http://deb.example/debian-security'],
      suites: ['bookworm-security'],
      components: ['main'],
      signedBy: '/k',
    },
    { uris: ['http://all.example/x'], suites: ['bookworm-security'], components: ['main'], signedBy: '/k' },
  ];

  it.each([
    ['20250520T000000Z', 'http://snapshot.debian.org/archive'],
    ['https://mirror.example:8443/a/b/debian/20250520T000000Z/', 'https://mirror.example:8443/a/b'],
    ['file:///srv/mirror/debian/20250520T000000Z', 'file:///srv/mirror'],
  ])('%s', (text, prefix) => {
    const moved = atSnapshot(sources, parseSnapshot(text));
    expect(moved.flatMap(({ uris }) => uris)).toEqual([
      `${prefix}/debian/20250520T000000Z`,
      `${prefix}/debian-security/20250520T000000Z`,
      `${prefix}/debian-security/20250520T000000Z`,
    ]);
    expect(formatSources(moved).match(/^Check-Valid-Until: no$/gm)).toHaveLength(3);
    expect(formatSources(sources)).not.toContain('Check-Valid-Until');
  });

  it.each([
    '',
    '2025-05-20',
    '20250520',
    '20251320T000000Z',
    '20250520T250000Z',
    'http://user:secret@mirror.example/debian/20250520T000000Z',
    'http://mirror.example/ubuntu/20250520T000000Z',
    'http://mirror.example/a b/debian/20250520T000000Z',
    'http://mirror.example/debian/20250520T000000Z\nTrusted: yes',
    'ftp://mirror.example/debian/20250520T000000Z',
    'http://mirror.example/debian/latest',
  ])('not %j', async (text) => expect(await codeOf(() => parseSnapshot(text))).toBe('INVALID_VALUE'));
});
