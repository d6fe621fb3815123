// SPDX-License-Identifier: Apache-2.0
// daemon.json: one document of many edits, and none with which dockerd would not start.
import { describe, expect, it } from 'vitest';
import type { DockerFacts, Setting } from '../../../src/audit/facts/host/docker.ts';
import { daemonChange } from '../../../src/audit/fix/daemon-json.ts';
import type { DockerEdit } from '../../../src/audit/fix/types.ts';

const CONFIG = '/etc/docker/daemon.json';
const flag = (value: unknown): Setting => ({ value, location: { logical: 'dockerd x', path: 'proc/7/cmdline' } });
const inFile = (value: unknown): Setting => ({ value, location: { logical: CONFIG, path: CONFIG.slice(1) } });
const edit = (value: unknown, ...at: [string, ...string[]]): DockerEdit => ({ kind: 'docker', at, value });

function changed(
  text: string | null,
  edits: readonly DockerEdit[],
  settings: Readonly<Record<string, Setting>> = {},
  ...swarms: readonly (boolean | undefined)[]
): { after: string | undefined; refused: string[] } {
  const refused: string[] = [];
  const facts: DockerFacts = { program: '/usr/bin/dockerd', config: CONFIG, problem: null, settings };
  const swarm = swarms.length === 0 ? false : swarms[0];
  const change = daemonChange({ facts, swarm }, text, edits, ({ at }, why) => refused.push(`${at[0]}: ${why}`));
  if (change !== undefined) expect(change).toMatchObject({ path: CONFIG, before: text });
  return { after: change?.after, refused };
}

describe('daemon.json', () => {
  it('gets all edits, and keeps order and form', () => {
    const text = '{\n\t"debug": false,\n\t"log-opts": {"max-size": "-1", "labels": "a"},\n\t"experimental": true\n}\n';
    const edits = [
      edit('10m', 'log-opts', 'max-size'),
      edit('3', 'log-opts', 'max-file'),
      edit(undefined, 'experimental'),
      edit(true, 'live-restore'),
    ];
    const { after, refused } = changed(text, edits);
    expect(refused).toEqual([]);
    expect(after).toBe(
      '{\n\t"debug": false,\n\t"log-opts": {"max-size": "10m", "labels": "a", "max-file": "3"},\n\t"live-restore": true\n}\n',
    );
    expect(changed(after ?? '', edits).after).toBeUndefined();
  });

  it.each([null, '', ' \n'])('is made where there is none (%j)', (text) => {
    const { after } = changed(text, [edit(true, 'live-restore')]);
    expect(JSON.parse(after ?? '')).toEqual({ 'live-restore': true });
  });

  it.each([
    ['is no JSON', '{"a": 1,}'],
    ['has comments', '{\n  // mine\n  "a": 1\n}'],
    ['is a list', '[]'],
    ['has a member twice', '{"icc": true, "icc": false}'],
    ['has something else where an object belongs', '{"log-opts": ["max-size=1"]}'],
  ])('that %s is left alone, with its place', (_, text) => {
    const { after, refused } = changed(text, [edit('10m', 'log-opts', 'max-size')]);
    expect(after).toBeUndefined();
    expect(refused).toEqual([
      expect.stringMatching(/^log-opts: \/etc\/docker\/daemon\.json:\d+:\d+ is left as it is: /),
    ]);
  });

  it.each([
    ['a flag says it already', edit(false, 'icc'), { icc: flag(true) }, false],
    ['the daemon is in a swarm', edit(true, 'live-restore'), {}, true],
    ['nobody knows whether it is', edit(true, 'live-restore'), {}, undefined],
    ['it needs rules that docker may not make', edit(false, 'icc'), { iptables: inFile(false) }, false],
  ] as const)('is not written where %s', (_, one, settings, swarm) => {
    const { after, refused } = changed('{}\n', [one, edit('info', 'log-level')], settings, swarm);
    expect(refused).toHaveLength(1);
    // The others are.
    expect(after).toBe('{\n  "log-level": "info"\n}\n');
  });
});
