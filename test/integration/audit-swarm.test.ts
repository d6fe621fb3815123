// SPDX-License-Identifier: Apache-2.0
// docs/guide/fleet.md on a swarm of two nodes: the auditor runs once on each, and its reports become one.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blocksOf, stepsOf } from '../support/guide.ts';
import { cannotRun, Secure, until } from '../support/secure.ts';
import { Swarm } from '../support/swarm.ts';

const ROOT = join(import.meta.dirname, '../..');
const REPORT = '/var/log/secure/audit/report.json';

interface Report {
  readonly audited: readonly {
    readonly target: string;
    readonly name: string;
    readonly results: readonly { readonly id: string; readonly status: string; readonly why?: string }[];
  }[];
}

describe.skipIf(cannotRun())('docs/guide/fleet.md', () => {
  const [build, job, merge] = [blocksOf('fleet')[0], ...blocksOf('fleet').filter(({ language }) => language === 'sh')];
  let secure: Secure;
  let swarm: Swarm;
  beforeAll(async () => {
    secure = await Secure.create({ netns: 'host' });
    swarm = await Swarm.create(async ({ host }) => {
      // As a node has it that was started some time ago.
      await host.sh('install -d -m 700 /var/log/secure/audit');
    });
  }, 180_000);
  afterAll(async () => {
    await swarm.destroy();
    await secure.destroy();
  });

  it('its image is built, and its job audits every node once', { timeout: 180_000 }, async () => {
    const base = await secure.run('image', 'debian', 'bash', 'libstdc++6', '--name', 'base', '--variant', 'essential');
    expect(base, base.stderr).toMatchObject({ code: 0 });
    for (const { command } of build === undefined ? [] : stepsOf(build)) {
      const words = command
        .split(' ')
        .slice(1)
        .map((word) => (word === '.' ? ROOT : word));
      if (words[1] === 'build') words.push('--build-arg', 'BASE=localhost/base');
      const done = await secure.call(
        words.map((word) => (word.startsWith('templates/') ? join(ROOT, word) : word)),
        {},
      );
      expect(done, done.stderr).toMatchObject({ code: 0 });
    }
    for (const node of [0, 1]) {
      const loaded = await swarm.docker(node, 'load', '-i', join(secure.root, 'auditor.tar'));
      expect(loaded, loaded.stderr).toMatchObject({ code: 0 });
    }
    const started = await swarm.nodes[0].host.run('sh', ['-ec', job?.text ?? 'false']);
    const states = async () =>
      (
        await swarm.docker(
          0,
          'service',
          'ps',
          'audit',
          '--no-trunc',
          '--format',
          '{{.Node}} {{.CurrentState}} {{.Error}}',
        )
      ).stdout
        .trim()
        .split('\n')
        .map((line) => line.replace(/ (?:\d+|about|less than|a|an) .*ago/i, '').trim())
        .sort();
    await until(
      'the job is done',
      async () => (await states()).every((state) => /Complete|Failed|Rejected/.test(state)),
      90,
    );
    const logs = await swarm.docker(0, 'service', 'logs', 'audit');
    expect(await states(), started.stderr + logs.stdout + logs.stderr).toEqual(['node0 Complete', 'node1 Complete']);
    for (const [index, { host }] of swarm.nodes.entries()) {
      const text = host.text(REPORT) ?? '';
      const { audited } = JSON.parse(text) as Report;
      const of = (target: string) => audited.filter((one) => one.target === target);
      expect(of('host').map(({ name }) => name)).toEqual([`node${index}`]);
      expect(of('engine').map(({ name }) => name)).toEqual(['docker']);
      expect(of('image').map(({ name }) => name)).toContain('docker/localhost/auditor:1');
      const verdict = (target: string, id: string) => of(target)[0]?.results.find((one) => one.id === id);
      // What is only right when it is asked of the host, and can be read: its settings, its mounts, its daemon, files of images.
      expect(verdict('host', 'SEC-HOST-0002')?.status).not.toBe('unknown');
      expect(verdict('host', 'SEC-HOST-0018')).not.toMatchObject({ status: 'unknown' });
      expect(verdict('host', 'SEC-HOST-0036')?.status).toBe('fail');
      const [image] = of('image').filter(({ name }) => name === 'docker/localhost/auditor:1');
      expect(image?.results.find(({ id }) => id === 'SEC-IMAGE-0007')).not.toMatchObject({ status: 'unknown' });
    }
  });

  it('its reports become one', async () => {
    mkdirSync(join(secure.root, 'reports'));
    for (const [index, { host }] of swarm.nodes.entries())
      writeFileSync(join(secure.root, `reports/node${index}.json`), host.text(REPORT) ?? '');
    const last = merge?.text.trim().split('\n').at(-1) ?? '';
    const merged = await secure.call(last.split(' ').slice(1), {});
    expect([0, 1], merged.stderr).toContain(merged.code);
    const { fleet } = JSON.parse(readFileSync(join(secure.root, 'fleet.json'), 'utf8')) as {
      fleet: { members: readonly { name: string }[]; unreadable: readonly unknown[] };
    };
    expect([fleet.members.map(({ name }) => name).sort(), fleet.unreadable]).toEqual([['node0', 'node1'], []]);
  });
});
