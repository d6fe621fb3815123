// SPDX-License-Identifier: Apache-2.0
// Bundles of containerd and CRI-O below a directory: what is in them, and what somebody else put there.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CHECKS } from '../../../src/audit/checks/index.ts';
import { configuredEngine } from '../../../src/audit/facts/engine/configured.ts';
import { collectTasks } from '../../../src/audit/facts/engine/tasks.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'secure-tasks-'));
});
afterEach(() => rmSync(root, { recursive: true }));
const put = (path: string, text: string) => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};
const TASKS = 'run/containerd/io.containerd.runtime.v2.task';
const CRIO = 'run/containers/storage/overlay-containers';
const config = (annotations: object = {}) =>
  JSON.stringify({
    ...{ ociVersion: '1.0.2', annotations, root: { readonly: true }, mounts: [] },
    process: {
      user: { uid: 33 },
      args: ['nginx'],
      noNewPrivileges: true,
      capabilities: { bounding: ['CAP_SYS_ADMIN'] },
    },
    linux: { namespaces: [{ type: 'pid' }, { type: 'mount' }, { type: 'ipc' }, { type: 'uts' }], resources: {} },
  });
const verdict = (id: string, facts: unknown) =>
  CHECKS.container.find((one) => one.id === `SEC-CONTAINER-${id}`)?.check(facts as never).status;

describe('tasks', () => {
  it('of containerd are found in every namespace but that of docker', () => {
    const pod = { 'io.kubernetes.cri.sandbox-name': 'web', 'io.kubernetes.cri.container-name': 'nginx' };
    put(`${TASKS}/k8s.io/${'a'.repeat(64)}/config.json`, config(pod));
    put(`${TASKS}/default/test/config.json`, config());
    put(`${TASKS}/moby/${'b'.repeat(64)}/config.json`, config());
    const { containers, problem } = collectTasks('containerd', root);
    expect([containers.map(({ name }) => name).sort(), problem]).toEqual([['default/test', 'web/nginx'], null]);
    const [one] = containers;
    expect(one).toMatchObject({ engine: 'containerd', running: false, managed: null, proof: null });
    const wanted = {
      '0001': 'fail',
      '0003': 'pass',
      '0005': 'pass',
      '0006': 'fail',
      '0007': 'pass',
      '0009': 'fail',
      '0012': 'fail',
    };
    expect(Object.fromEntries(Object.keys(wanted).map((id) => [id, verdict(id, one)]))).toEqual(wanted);
  });

  it("of CRI-O are told from podman's", () => {
    put(`${CRIO}/${'a'.repeat(64)}/userdata/config.json`, config({ 'io.kubernetes.cri-o.Name': 'k8s_nginx_web' }));
    put(`${CRIO}/${'b'.repeat(64)}/userdata/config.json`, config({ 'io.container.manager': 'libpod' }));
    expect(collectTasks('crio', root).containers.map(({ name }) => name)).toEqual(['k8s_nginx_web']);
  });

  it.each<[string, string]>([
    ['broken', '{'],
    ['no configuration', '[1]'],
    ['empty', ''],
  ])('whose configuration is %s pass nothing', (_, text) => {
    put(`${TASKS}/default/x/config.json`, text);
    const { containers } = collectTasks('containerd', root);
    expect(containers).toHaveLength(1);
    expect(CHECKS.container.map((check) => check.check(containers[0] as never).status)).not.toContain('pass');
  });

  it('are not followed out of the tree, and do not hang', () => {
    mkdirSync(join(root, `${TASKS}/default/fifo`), { recursive: true });
    execFileSync('mkfifo', [join(root, `${TASKS}/default/fifo/config.json`)]);
    mkdirSync(join(root, `${TASKS}/default/link`));
    symlinkSync('/proc/self/environ', join(root, `${TASKS}/default/link/config.json`));
    put(`${TASKS}/default/pid/config.json`, config());
    put(`${TASKS}/default/pid/init.pid`, '1');
    const { containers } = collectTasks('containerd', root);
    expect(containers.map(({ name, running, plan }) => [name, running, plan === null])).toEqual([
      ['default/fifo', false, true],
      // The first process of the machine is none of this container.
      ['default/pid', false, false],
    ]);
  });

  it('are none where there is no engine', () => {
    expect(collectTasks('containerd', root)).toEqual({ containers: [], problem: null });
    expect(collectTasks('crio', root)).toEqual({ containers: [], problem: null });
  });
});

describe('an engine by its configuration', () => {
  const status = (facts: unknown) => (id: string) =>
    CHECKS.engine.find((one) => one.id === `SEC-ENGINE-${id}`)?.check(facts as never).status;

  it('containerd: filters that pods do not name, and registries', () => {
    const cri = (value: object) => [
      { path: '/etc/containerd/config.toml', value: { plugins: { 'io.containerd.grpc.v1.cri': value } } },
    ];
    const plain = status(configuredEngine('containerd', cri({}), [], null));
    expect(['0001', '0003', '0004', '0016', '0018', '0019'].map(plain)).toEqual([
      'fail',
      'fail',
      'pass',
      'unknown',
      'not-applicable',
      'not-applicable',
    ]);
    const closed = status(configuredEngine('containerd', cri({ unset_seccomp_profile: 'runtime/default' }), [], null));
    expect(closed('0003')).toBe('pass');
    const registry = { registry: { configs: { 'registry.example': { tls: { insecure_skip_verify: true } } } } };
    expect(status(configuredEngine('containerd', cri(registry), [], null))('0004')).toBe('fail');
  });

  it('CRI-O', () => {
    const of = (runtime: object, image: object = {}) =>
      status(
        configuredEngine('crio', [{ path: '/etc/crio/crio.conf', value: { crio: { runtime, image } } }], [], null),
      );
    expect(of({})('0003')).toBe('pass');
    expect(of({ seccomp_profile: 'unconfined' })('0003')).toBe('fail');
    expect(of({}, { insecure_registries: ['registry.example'] })('0004')).toBe('fail');
  });

  it('that cannot be read passes nothing by it', () => {
    const facts = configuredEngine('containerd', [], [], '/etc/containerd/config.toml cannot be read');
    for (const id of ['0001', '0003', '0004', '0016', '0017']) expect(status(facts)(id)).toBe('unknown');
  });
});
