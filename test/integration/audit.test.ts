// SPDX-License-Identifier: Apache-2.0
// The audit commands on real targets: this machine, an image of the store, running containers, build files.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Log } from 'sarif';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Counts } from '../../src/audit/score.ts';
import type { Severity } from '../../src/audit/types.ts';
import { cannotValidate, validated } from '../support/sarif.ts';
import { cannotRun, errorCode, type Result, Secure } from '../support/secure.ts';

const schema = JSON.parse(readFileSync(new URL('../../schemas/report.schema.json', import.meta.url), 'utf8')) as object;
const validate = new Ajv2020({ allErrors: true, allowUnionTypes: true, strict: false }).compile(schema);

interface Document {
  readonly score: number | null;
  readonly counts: Counts;
  readonly audited: readonly {
    readonly target: string;
    readonly name: string;
    readonly uri: string;
    readonly score: number | null;
    readonly counts: Counts;
    readonly results: readonly { readonly id: string; readonly status: string; readonly severity: Severity }[];
  }[];
}

function documentOf({ stdout }: Pick<Result, 'stdout'>): Document {
  const document = JSON.parse(stdout) as Document;
  validate(document);
  expect(validate.errors ?? []).toEqual([]);
  return document;
}

const severe = ({ failed }: Counts): number => failed.critical + failed.high;

const GOOD = `FROM docker.io/library/debian@sha256:${'0'.repeat(64)} AS build
COPY app /usr/local/bin/app
HEALTHCHECK CMD ["/usr/local/bin/app", "--check"]
USER 1000:1000
ENTRYPOINT ["/usr/local/bin/app"]
`;

describe.skipIf(cannotRun())('secure audit', () => {
  let secure: Secure;
  let dir: string;
  const path = (name: string): string => join(dir, name);
  const put = (name: string, text: string | Buffer): string => {
    writeFileSync(path(name), text);
    return path(name);
  };

  beforeAll(async () => {
    secure = await Secure.create();
    dir = mkdtempSync(join(secure.root, 'audit-'));
    put('Dockerfile.good', GOOD);
    put('Dockerfile.root', GOOD.replace('USER 1000:1000', 'USER root'));
  });
  afterAll(() => secure?.destroy());

  it('dockerfile: one line makes the difference, and the exit code', async () => {
    const good = await secure.run('audit', 'dockerfile', path('Dockerfile.good'), '--json');
    const bad = await secure.run('audit', 'dockerfile', path('Dockerfile.root'), '--json');
    expect(documentOf(good).audited[0]).toMatchObject({ target: 'dockerfile', name: path('Dockerfile.good') });
    expect([good.code, severe(documentOf(good).counts)]).toEqual([0, 0]);
    expect([bad.code, severe(documentOf(bad).counts)]).toEqual([1, 1]);
    expect(documentOf(bad).score ?? 100).toBeLessThan(documentOf(good).score ?? 0);
  });

  it('--fail-on and --min-score decide the exit code', async () => {
    const file = path('Dockerfile.root');
    const code = async (...flags: string[]): Promise<number> =>
      (await secure.run('audit', 'dockerfile', file, ...flags)).code;
    expect(await code('--fail-on', 'none')).toBe(0);
    expect(await code('--fail-on', 'low')).toBe(1);
    expect(await code('--fail-on', 'none', '--min-score', '100')).toBe(1);
    expect(await code('--fail-on', 'none', '--min-score', '0')).toBe(0);
  });

  it('host: this machine', async () => {
    const result = await secure.run('audit', 'host', '--json');
    const { audited, counts } = documentOf(result);
    expect(audited[0]).toMatchObject({ target: 'host', uri: 'host' });
    expect(counts.pass + counts.fail).toBeGreaterThan(5);
    expect(result.code).toBe(severe(counts) > 0 ? 1 : 0);
  });

  it('host --root: another tree, with no word about this machine', async () => {
    mkdirSync(path('tree/etc'), { recursive: true });
    writeFileSync(path('tree/etc/passwd'), 'root:x:0:0::/root:/bin/sh\n');
    const { audited } = documentOf(await secure.run('audit', 'host', '--root', path('tree'), '--json'));
    expect(audited[0]?.name).toBe(path('tree'));
    const { counts } = audited[0] ?? expect.fail();
    // No kernel runs there.
    expect(counts.unknown + counts.notApplicable).toBeGreaterThan(counts.pass);
  });

  it('image: by any of its names, once', async () => {
    const result = await secure.run('audit', 'image', 'busybox', 'localhost/busybox:latest', '--json');
    const { audited } = documentOf(result);
    expect(audited.map(({ name, uri }) => [name, uri])).toEqual([
      ['localhost/busybox:latest', 'image/localhost/busybox/latest'],
    ]);
    expect(audited[0]?.results.length).toBeGreaterThan(5);
  });

  it('container: strict has nothing severe and is better than baseline', async () => {
    // No network: the bridge would be one of this host.
    await secure.detached(
      '--network',
      'none',
      '--name',
      'strict',
      '--profile',
      'strict',
      '--trust',
      'busybox',
      'sleep',
      '300',
    );
    await secure.detached(
      '--network',
      'none',
      '--name',
      'baseline',
      '--profile',
      'baseline',
      'busybox',
      'sleep',
      '300',
    );
    const strict = await secure.run('audit', 'container', 'strict', '--json');
    expect([strict.code, severe(documentOf(strict).counts)]).toEqual([0, 0]);
    const all = documentOf(await secure.run('audit', 'container', '--all', '--json'));
    expect(all.audited.map(({ uri }) => uri).sort()).toEqual(['container/baseline', 'container/strict']);
    const score = (name: string): number => all.audited.find((each) => each.name === name)?.score ?? -1;
    expect(score('baseline')).toBeLessThan(score('strict'));
    expect(all.score).toBe(score('baseline'));
    // Ended: the plan can still be read, the kernel has nothing to say.
    await secure.run('stop', '--time', '0', 'baseline');
    expect((await secure.run('audit', 'container', 'baseline')).code).toBeLessThan(2);
    expect(documentOf(await secure.run('audit', 'container', '--all', '--json')).audited.length).toBe(1);
  });

  it('all: one collection, a file for each format, and a short word on stdout', async () => {
    const names = ['a.sarif', 'b.html', 'c.json', 'd.txt'];
    mkdirSync(path('reports'));
    writeFileSync(path('reports/b.html'), 'old');
    const flags = names.flatMap((name) => ['--output', path(`reports/${name}`)]);
    const result = await secure.run(
      ...[
        'audit',
        'all',
        '--dockerfile',
        path('Dockerfile.good'),
        '--container',
        'strict',
        '--fail-on',
        'none',
        ...flags,
      ],
    );
    expect([result.code, result.stderr]).toEqual([0, '']);
    expect(readdirSync(path('reports')).sort()).toEqual(names);
    expect(result.stdout.split('\n').map((line) => line.split(' ')[0])).toEqual(
      expect.arrayContaining(['host', 'image', 'container', 'dockerfile', 'all:']),
    );
    const read = (name: string): string => readFileSync(path(`reports/${name}`), 'utf8');
    const document = documentOf({ stdout: read('c.json') });
    expect(document.audited.map(({ target }) => target)).toEqual(['host', 'image', 'container', 'dockerfile']);
    const log = JSON.parse(read('a.sarif')) as Log;
    expect(log.runs[0]?.results?.length).toBe(document.counts.problems);
    if (!cannotValidate()) expect(validated(read('a.sarif'))).toEqual([]);
    expect(read('b.html')).toMatch(/^<!doctype html>[\s\S]*<\/html>\n$/);
    expect(read('d.txt')).toContain('localhost/busybox:latest');
    // As for any file that a user has made: not for root's eyes only.
    expect(statSync(path('reports/a.sarif')).mode & 0o777).toBe(0o666 & ~process.umask());
  });

  it('colours on a terminal only, and not where they are not wanted', async () => {
    const args = ['audit', 'dockerfile', path('Dockerfile.root')];
    expect((await secure.run(...args)).stdout).not.toContain('\u001b[');
    expect((await secure.terminal(...args)).stdout).toContain('\u001b[31m');
  });

  describe('bad input is one error, and leaves nothing', () => {
    const listing = (): string[] => readdirSync(dir, { recursive: true }).map(String).sort();

    async function refused(args: readonly string[], code: string, exit = 2): Promise<void> {
      const before = listing();
      const result = await secure.run('audit', ...args);
      expect([errorCode(result), result.code, result.stdout]).toEqual([code, exit, '']);
      expect(result.stderr.match(/^secure: /gm)?.length).toBe(1);
      expect(result.stderr).toContain('hint:');
      expect(result.stderr).not.toMatch(/\n\s+at /);
      expect(listing()).toEqual(before);
    }

    beforeAll(() => {
      mkdirSync(path('directory'));
      execFileSync('mkfifo', [path('fifo')]);
      symlinkSync('nowhere', path('dangling'));
      symlinkSync('loop', path('loop'));
      put('huge', Buffer.alloc((1 << 20) + 1, '\n'));
      put('latin1', Buffer.from('FROM caf\xe9:1\n', 'latin1'));
      put('zero', 'FROM a:1\n\0\n');
      put('empty', '');
      put('file', 'x');
    });

    it.each([
      ['missing', 'AUDIT_UNREADABLE'],
      ['fifo', 'AUDIT_UNREADABLE'],
      ['dangling', 'AUDIT_UNREADABLE'],
      ['loop', 'AUDIT_UNREADABLE'],
      ['huge', 'LIMIT_EXCEEDED'],
      ['latin1', 'AUDIT_UNREADABLE'],
      ['file/below', 'AUDIT_UNREADABLE'],
      ['zero', 'DOCKERFILE_INVALID'],
      ['empty', 'DOCKERFILE_INVALID'],
    ])('a Dockerfile that is %s', async (name, code) => refused(['dockerfile', path(name)], code));

    it.each(['compose', 'kubernetes'])('a loop of links, for %s', (target) =>
      refused([target, path('loop')], 'AUDIT_UNREADABLE'),
    );
    it('a Dockerfile that is the endless device', () => refused(['dockerfile', '/dev/zero'], 'AUDIT_UNREADABLE'));
    it('a Dockerfile after good ones', () =>
      refused(['dockerfile', path('Dockerfile.good'), path('missing')], 'AUDIT_UNREADABLE'));

    it.each([
      [['image', 'nothing'], 'IMAGE_NOT_FOUND', 2],
      [['image', 'UPPER'], 'REFERENCE_INVALID', 2],
      [['image', 'busybox', 'nothing'], 'IMAGE_NOT_FOUND', 2],
      [['image'], 'MISSING_ARGUMENT', 2],
      [['container', 'nobody'], 'NO_SUCH_CONTAINER', 1],
      [['container', '--', '--all'], 'NO_SUCH_CONTAINER', 1],
      [['container'], 'MISSING_ARGUMENT', 2],
      [['container', '--all', 'web'], 'USAGE', 2],
      [['host', '--format', 'xml'], 'INVALID_VALUE', 2],
      [['host', '--fail-on', 'urgent'], 'INVALID_VALUE', 2],
      [['host', '--min-score', '101'], 'INVALID_VALUE', 2],
      [['host', '--min-score', '-1'], 'INVALID_VALUE', 2],
      [['host', '--root', '/nonexistent'], 'INVALID_VALUE', 2],
      [['host', '--root', '/etc/passwd'], 'INVALID_VALUE', 2],
    ])('%j is %s', (args, code, exit) => refused(args, code, exit));

    it.each([
      [['missing/report.html'], 'OUTPUT_REFUSED'],
      [['directory'], 'OUTPUT_REFUSED', ['--format', 'json']],
      [['directory/'], 'OUTPUT_REFUSED', ['--format', 'json']],
      [['new/'], 'OUTPUT_REFUSED', ['--format', 'json']],
      [['fifo'], 'OUTPUT_REFUSED', ['--format', 'json']],
      [['dangling'], 'OUTPUT_REFUSED', ['--format', 'json']],
      [['file/report.html'], 'OUTPUT_REFUSED'],
      [[`${'n'.repeat(300)}.html`], 'OUTPUT_REFUSED'],
      [['report.pdf'], 'INVALID_VALUE'],
      [['report'], 'INVALID_VALUE'],
      [['a.html', 'a.html'], 'USAGE'],
      [['a.html', 'x/../a.html'], 'USAGE'],
      [['a.html', 'b.sarif'], 'USAGE', ['--format', 'html']],
      // The good one is not written either.
      [['a.html', 'missing/b.sarif'], 'OUTPUT_REFUSED'],
    ])('--output %j is %s', (names, code, more: string[] = []) =>
      refused(
        ['dockerfile', path('Dockerfile.good'), ...names.flatMap((name) => ['-o', `${dir}/${name}`]), ...more],
        code,
      ),
    );

    it('--output into a directory of somebody else', async () => {
      const args = ['audit', 'dockerfile', path('Dockerfile.good'), '--output', path('directory/a.html')];
      const result = await secure.call(args, { uid: 65534 });
      expect([errorCode(result), result.code]).toEqual(['OUTPUT_REFUSED', 2]);
      expect(readdirSync(path('directory'))).toEqual([]);
    });

    it('--output onto a full disk keeps what was there', async () => {
      const script = `set -e; mount -t tmpfs -o size=8k secure-test ${dir}/directory; cd ${dir}/directory; echo old > a.html
        "$@" audit dockerfile ${dir}/Dockerfile.root --output a.html --output b.html --json || true; ls -A; cat a.html`;
      const { stdout } = await secure.shell(`exec unshare -m sh -c '${script}' sh "$@"`);
      expect(stdout).toContain('"code": "NO_SPACE"');
      expect(stdout.endsWith('}\na.html\nold\n')).toBe(true);
    });

    it('--json has errors too', async () => {
      const { stdout, code } = await secure.run('audit', 'image', 'nothing', '--json');
      expect([JSON.parse(stdout).error.code, code]).toEqual(['IMAGE_NOT_FOUND', 2]);
      const both = await secure.run('audit', 'host', '--json', '--format', 'html');
      expect([JSON.parse(both.stdout).error.code, both.code]).toEqual(['USAGE', 2]);
    });
  });
});
