// SPDX-License-Identifier: Apache-2.0
// Compose files and manifests are repaired in their places; docker-compose reads them as it did, with what was added.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { errorCode, Secure } from '../support/secure.ts';

const COMPOSE = `# of the shop
version: "3.8"
x-limits: &limits
  security_opt:
    - apparmor=web
services:
  web:                 # the front
    image: registry.example/web:1.4.2
    ports: ["127.0.0.1:8080:80"]
    security_opt:
      - label=type:web_t    # own type
    # what the front needs

  api:
    image: registry.example/api:2
    security_opt: [no-new-privileges:false]
  old:
    <<: *limits
    image: registry.example/old:1
  done: {image: "registry.example/done:1", security_opt: ["no-new-privileges"]}
volumes: {}
`;
const MANIFESTS = `# two of them
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web    # the front
          image: registry.example/web:1.4.2
          securityContext:
            runAsNonRoot: true
        - name: side
          image: registry.example/side:1
      # no volumes
---
{"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "night"}, "spec": {"jobTemplate": {"spec": {"template": {"spec": {
  "containers": [{"name": "n", "image": "registry.example/n:1", "securityContext": {"privileged": true}}]}}}}}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
`;

describe('--fix of files in YAML', () => {
  let secure: Secure;
  let dir: string;
  const put = (name: string, text: string): void => writeFileSync(join(dir, name), text);
  const text = (name: string): string => readFileSync(join(dir, name), 'utf8');
  const audit = (...args: string[]) => secure.call(['audit', ...args, '--fail-on', 'none'], { cwd: dir });
  const services = (name: string) =>
    parse(execFileSync('docker-compose', ['-f', name, 'config'], { cwd: dir, encoding: 'utf8', stdio: 'pipe' }))
      .services;

  beforeAll(async () => {
    secure = await Secure.create({ netns: 'host' });
  });
  beforeEach(() => {
    dir = mkdtempSync(join(secure.root, 'files-'));
    put('compose.yaml', COMPOSE);
    put('all.yaml', MANIFESTS);
  });
  afterAll(() => secure?.destroy());

  it('a compose file has what is missing, and docker-compose reads it', async () => {
    const before = services('compose.yaml');
    const { code, stderr } = await audit('compose', 'compose.yaml', '--fix');
    expect(code).toBe(0);
    expect(stderr).toContain('somebody switched it off');
    expect(stderr).toContain('what it has by << would be lost');
    expect(text('compose.yaml')).toBe(
      COMPOSE.replace('own type\n    # what', 'own type\n      - no-new-privileges:true\n    # what'),
    );
    const after = services('compose.yaml');
    expect(after).toEqual({
      ...before,
      web: { ...before.web, security_opt: ['label=type:web_t', 'no-new-privileges:true'] },
    });
    await audit('compose', 'compose.yaml', '--fix-all');
    expect(services('compose.yaml').api.security_opt).toEqual(['no-new-privileges:true']);
    const again = text('compose.yaml');
    await audit('compose', 'compose.yaml', '--fix-all');
    expect(text('compose.yaml')).toBe(again);
  });

  it('files that a compose file includes are repaired where they are', async () => {
    put('main.yaml', 'include: [part.yaml]\nservices: {}\n');
    put('part.yaml', 'services:\n  a:\n    image: registry.example/a:1\n');
    const { stdout } = await audit('compose', 'main.yaml', '--fix', '--dry-run');
    expect(stdout).toContain('+++ b/part.yaml\n');
    execFileSync('patch', ['-p1', '-s'], { cwd: dir, input: stdout });
    expect(text('part.yaml')).toBe(
      'services:\n  a:\n    image: registry.example/a:1\n    security_opt:\n      - no-new-privileges:true\n',
    );
  });

  it('manifests have it in their documents, and nothing that the API server refuses', async () => {
    const { code, stdout } = await audit('kubernetes', 'all.yaml', '--fix', '--json');
    expect(code).toBe(0);
    const after = text('all.yaml');
    expect(after).toBe(
      MANIFESTS.replace('runAsNonRoot: true\n', 'runAsNonRoot: true\n            allowPrivilegeEscalation: false\n')
        .replace(
          'side:1\n      # no volumes\n',
          'side:1\n          securityContext:\n            allowPrivilegeEscalation: false\n      # no volumes\n      securityContext:\n        seccompProfile:\n          type: RuntimeDefault\n',
        )
        .replace(
          '"privileged": true}}]}',
          '"privileged": true}}],\n  "securityContext": {"seccompProfile":{"type":"RuntimeDefault"}}}',
        ),
    );
    const [deployment, job, service] = parseAllDocuments(after).map((one) => one.toJS());
    expect(deployment.spec.template.spec.securityContext).toEqual({ seccompProfile: { type: 'RuntimeDefault' } });
    expect(job.spec.jobTemplate.spec.template.spec.containers[0].securityContext).toEqual({ privileged: true });
    expect(service).toEqual({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' } });
    const { fixed } = JSON.parse(stdout) as { fixed: { id: string }[] };
    expect(fixed.map(({ id }) => id.slice(-4)).sort()).toEqual(['0008', '0008', '0012', '0012', '0012']);
    await audit('kubernetes', 'all.yaml', '--fix');
    expect(text('all.yaml')).toBe(after);
  });

  it('files of a directory are one patch', async () => {
    put('other.yaml', MANIFESTS);
    const { stdout } = await audit('kubernetes', '.', '--fix-all', '--dry-run');
    execFileSync('git', ['apply', '-'], {
      cwd: dir,
      input: stdout,
      env: { ...process.env, GIT_CEILING_DIRECTORIES: secure.root },
    });
    expect(text('other.yaml')).toBe(text('all.yaml'));
    expect(text('all.yaml').match(/automountServiceAccountToken/g)).toHaveLength(2);
  });

  it('standard input is refused', async () => {
    for (const target of ['compose', 'kubernetes']) {
      const result = await secure.call(['audit', target, '-', '--fix'], { input: MANIFESTS });
      expect([result.code, errorCode(result), result.stdout]).toEqual([2, 'USAGE', '']);
    }
  });
});
