// SPDX-License-Identifier: Apache-2.0
// `make run`, as the README has it, on this machine's own network: what it shows, and that it leaves nothing.
import { execFile, execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ATTACKS } from '../../scripts/demo/attacks.ts';
import { cannotRun, type Result } from '../support/secure.ts';

const root = join(import.meta.dirname, '../..');
const pids = () => readdirSync('/proc').filter((name) => /^\d+$/.test(name));
const link = (path: string): string => {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // ended meanwhile
  }
};
const list = (path: string): string[] => {
  try {
    return readdirSync(path).sort();
  } catch {
    return [];
  }
};

/** What a container could leave on a host. */
function machine() {
  const mountinfo = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return {
    mounts: mountinfo.map((line) => line.split(' ').slice(2, 6).join(' ')).sort(),
    namespaces: [...new Set(pids().map((pid) => link(`/proc/${pid}/ns/net`)))].sort(),
    devices: list('/sys/class/net'),
    rules: execFileSync('nft', ['list', 'ruleset'], { encoding: 'utf8' }).replaceAll(/packets \d+ bytes \d+/g, ''),
    forwarding: ['ipv4/ip_forward', 'ipv6/conf/all/forwarding'].map((name) =>
      readFileSync(`/proc/sys/net/${name}`, 'utf8'),
    ),
    groups: mountinfo
      .filter((line) => / - cgroup2? /.test(line))
      .map((line) => join(line.split(' ')[4] ?? '', 'secure'))
      .flatMap((path) =>
        list(path)
          .filter((name) => name.length === 64)
          .map((name) => join(path, name)),
      ),
    processes: pids().filter((pid) => link(`/proc/${pid}/exe`).includes('secure-runtime')),
    reservations: ['ids', 'ranges', 'networks'].flatMap((name) => list(join('/run/secure-host', name))),
  };
}

describe.skipIf(cannotRun())('make run', () => {
  let before: ReturnType<typeof machine>;
  let result: Result;

  beforeAll(async () => {
    before = machine();
    result = await new Promise((resolve) => {
      const options = { cwd: root, maxBuffer: 1 << 24 };
      const child = execFile('make', ['run'], options, (error, stdout, stderr) =>
        resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
      );
      child.stdin?.end();
    });
  }, 180_000);

  it('serves a page and shows that its controls are in force', () => {
    expect([result.code, result.stderr]).toEqual([0, expect.any(String)]);
    expect(result.stdout).toContain('HTTP 200, "Welcome to nginx!"');
    for (const control of ['capabilities', 'seccomp', 'landlock-files', 'network', 'rootfs'])
      expect(result.stdout).toMatch(new RegExp(`^${control} .* yes `, 'm'));
  });

  it('names the layer that stopped each attempt', () => {
    for (const { what } of Object.values(ATTACKS)) {
      const [line = ''] = result.stdout.split('\n').filter((text) => text.startsWith(what));
      expect(line).toMatch(/ (E[A-Z]+|no-answer) +(seccomp|pid namespace|Landlock|read-only|capabilities|network)/);
    }
  });

  it('writes both reports about host, image and container', () => {
    const sarif = JSON.parse(readFileSync(join(root, 'out/report.sarif'), 'utf8')) as {
      runs: { results: { ruleId: string }[] }[];
    };
    const rules = sarif.runs.flatMap((run) => run.results.map(({ ruleId }) => ruleId));
    expect(rules.some((id) => id.startsWith('SEC-HOST-'))).toBe(true);
    expect(rules.some((id) => id.startsWith('SEC-IMAGE-'))).toBe(true);
    const html = readFileSync(join(root, 'out/report.html'), 'utf8');
    expect(html).toContain('SEC-CONTAINER-0001');
  });

  it('leaves the machine as it was', () => {
    expect(machine()).toEqual(before);
  });
});
