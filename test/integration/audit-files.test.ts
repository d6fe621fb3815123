// SPDX-License-Identifier: Apache-2.0
// Manifests, compose files and bundles by the commands: what is found and where, and what nobody should be able to hang or fool them with.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Log } from 'sarif';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runtimeBinary } from '../../src/runtime/binary.ts';
import { errorCode, Secure } from '../support/secure.ts';

const POD = `# a comment
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers:
    - name: web
      image: nginx
      securityContext:
        privileged: true
`;
const COMPOSE = `services:
  web:
    extends: {file: base.yaml, service: base}
    ports: ["8080:80"]
`;
const BASE = 'services:\n  base:\n    image: nginx\n    privileged: true\n';

describe('secure audit of files', () => {
  let secure: Secure;
  let dir: string;
  const put = (name: string, text: string | Buffer): string => {
    writeFileSync(join(dir, name), text);
    return join(dir, name);
  };
  /** Check ids with the places of what they found. */
  const found = async (...args: string[]): Promise<string[]> => {
    const { code, stdout, stderr } = await secure.run('audit', ...args, '--format', 'sarif');
    expect([code, stderr]).toEqual([1, '']);
    const { runs } = JSON.parse(stdout) as Log;
    return (runs[0]?.results ?? []).map(({ ruleId, locations }) => {
      const { artifactLocation, region } = locations?.[0]?.physicalLocation ?? {};
      return `${ruleId} ${artifactLocation?.uri?.split('/').at(-1)}:${region?.startLine}:${region?.startColumn}`;
    });
  };

  beforeAll(async () => {
    secure = await Secure.create();
    dir = mkdtempSync(join(secure.root, 'files-'));
    mkdirSync(join(dir, 'all'));
    put('all/pod.yaml', POD);
    put('all/compose.yaml', COMPOSE);
    put('all/base.yaml', BASE);
  });
  afterAll(() => secure?.destroy());

  it('finds what is wrong with manifests, at its line and column', async () => {
    const places = await found('kubernetes', join(dir, 'all/pod.yaml'));
    expect(places).toContain('SEC-KUBERNETES-0001 pod.yaml:10:21');
    expect(places).toContain('SEC-KUBERNETES-0024 pod.yaml:8:14');
    // What is missing is missed where it would stand.
    expect(places).toContain('SEC-KUBERNETES-0008 pod.yaml:10:9');
  });

  it('reads standard input', async () => {
    const { code, stdout } = await secure.call(['audit', 'kubernetes', '-'], { input: POD });
    expect(code).toBe(1);
    expect(stdout).toContain('-:10:21: Pod web, container web: it is privileged');
    const built = await secure.call(['audit', 'dockerfile', '-'], { input: 'FROM debian\nUSER root\n' });
    expect([built.code, built.stdout]).toEqual([1, expect.stringContaining('-:2:')]);
    const refused = await secure.call(['audit', 'dockerfile', '-'], { input: 'x'.repeat(20_000_000) });
    expect([refused.code, errorCode(refused)]).toEqual([2, 'LIMIT_EXCEEDED']);
  });

  it('looks at the compose files and the manifests of a directory', async () => {
    expect(await found('kubernetes', join(dir, 'all'))).toContain('SEC-KUBERNETES-0001 pod.yaml:10:21');
    const places = await found('compose', join(dir, 'all'));
    // What is inherited is wrong where the service is.
    expect(places).toContain('SEC-COMPOSE-0001 compose.yaml:3:5');
    expect(places).toContain('SEC-COMPOSE-0016 compose.yaml:4:12');
    expect(places.filter((place) => place.includes('base.yaml'))).toEqual([]);
  });

  it('looks at the build files of a directory', async () => {
    mkdirSync(join(dir, 'built/below'), { recursive: true });
    for (const name of ['Dockerfile', 'below/web.Dockerfile', 'below/Containerfile.dev', 'below/Dockerfile-notes'])
      put(`built/${name}`, 'FROM debian\nUSER root\n');
    const places = await found('dockerfile', join(dir, 'built'));
    for (const file of ['Dockerfile', 'web.Dockerfile', 'Containerfile.dev'])
      expect(places.filter((place) => place.includes(` ${file}:2:`))).not.toEqual([]);
    expect(places.filter((place) => place.includes('notes'))).toEqual([]);
    const none = await secure.run('audit', 'dockerfile', join(dir, 'all'));
    expect([none.code, none.stderr]).toEqual([0, `no Dockerfile is in ${join(dir, 'all')}\n`]);
  });

  it('says that nothing is there', async () => {
    const service = put('service.yaml', 'apiVersion: v1\nkind: Service\nmetadata: {name: s}\n');
    const result = await secure.run('audit', 'kubernetes', service);
    expect([result.code, result.stderr]).toEqual([0, `nothing in ${service} makes pods\n`]);
  });

  it('audits the config.json that a runtime writes as its example', async () => {
    const bundle = join(dir, 'bundle');
    mkdirSync(bundle);
    execFileSync(runtimeBinary(), ['spec', '--bundle', bundle]);
    const result = await secure.run('audit', 'bundle', '--json', bundle);
    expect(result.code).toBe(1);
    const { audited } = JSON.parse(result.stdout) as { audited: { results: { id: string; status: string }[] }[] };
    const failed = audited[0]?.results.filter(({ status }) => status === 'fail').map(({ id }) => id);
    expect(failed).toContain('SEC-CONTAINER-0006');
    expect(failed).not.toContain('SEC-CONTAINER-0007');
  });

  it.each([
    [
      'kubernetes',
      'bomb.yaml',
      `a: &a [x,x,x,x,x,x,x,x,x]\n${[...'bcdefghi'].map((name, i) => `${name}: &${name} [${Array(9).fill(`*${'abcdefghi'[i]}`).join()}]`).join('\n')}\n`,
      'MANIFEST_INVALID',
    ],
    ['kubernetes', 'cycle.yaml', 'a: &a [*a]\n', 'MANIFEST_INVALID'],
    ['kubernetes', 'deep.yaml', `a: ${'['.repeat(5000)}${']'.repeat(5000)}\n`, 'MANIFEST_INVALID'],
    ['kubernetes', 'broken.json', '{"kind": "Pod", "apiVersion":', 'MANIFEST_INVALID'],
    ['kubernetes', 'binary.yaml', Buffer.from([0xff, 0xfe, 0, 1, 2, 0x80]), 'AUDIT_UNREADABLE'],
    ['compose', 'compose.bomb.yaml', 'services:\n  a: {extends: b}\n  b: {extends: a}\n', 'MANIFEST_INVALID'],
    ['bundle', 'config.json', '{"ociVersion": "1.0", "process": {"capabilities": "ALL"}}', 'AUDIT_UNREADABLE'],
    [
      'bundle',
      'deep.json',
      `{"ociVersion": "1.0", "x": ${'['.repeat(200_000)}${']'.repeat(200_000)}}`,
      'AUDIT_UNREADABLE',
    ],
  ])('%s refuses %s with one error, soon', async (target, name, text, code) => {
    const path = put(name, text);
    const begun = Date.now();
    const result = await secure.run('audit', target, path);
    expect(result.stdout).toBe('');
    expect(errorCode(result)).toBe(code);
    expect(result.code).toBe(2);
    expect(Date.now() - begun).toBeLessThan(10_000);
  });

  it.each(['kubernetes', 'compose'])('%s does not wait for a FIFO, and reads no gigabytes', async (target) => {
    const fifo = join(dir, `${target}.yaml`);
    execFileSync('mkfifo', [fifo]);
    expect(errorCode(await secure.run('audit', target, fifo))).toBe('AUDIT_UNREADABLE');
    const huge = put(`huge-${target}.json`, '');
    truncateSync(huge, 2 ** 31);
    const result = await secure.run('audit', target, huge);
    expect([result.code, errorCode(result)]).toEqual([2, 'AUDIT_UNREADABLE']);
    expect(result.stderr).toContain('larger than');
  });
});
