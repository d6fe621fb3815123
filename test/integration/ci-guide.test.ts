// SPDX-License-Identifier: Apache-2.0
// docs/guide/ci.md does what it says: its commands run and print that, and the jobs that it shows are run as their systems run them.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type Block, blocksOf, patternOf, stepsOf } from '../support/guide.ts';
import { cannotValidate, validated } from '../support/sarif.ts';

const ROOT = join(import.meta.dirname, '../..');
const month = () => new Date(Date.now() + 30 * 24 * 3600_000).toISOString().slice(0, 10);
const GOOD = `FROM docker.io/library/debian@sha256:${'0'.repeat(64)} AS build
COPY app /usr/local/bin/app
HEALTHCHECK CMD ["/usr/local/bin/app", "--check"]
USER 1000:1000
ENTRYPOINT ["/usr/local/bin/app"]
`;

describe('docs/guide/ci.md', () => {
  const blocks = blocksOf('ci');
  let home: string;
  let work: string;
  let checkout: string;
  const shell = (script: string, env: Record<string, string> = {}) =>
    spawnSync('sh', ['-c', script], {
      cwd: work,
      encoding: 'utf8',
      env: {
        PATH: `${home}/bin:${process.env.PATH}`,
        HOME: home,
        SECURE_STATE_ROOT: join(home, 'state'),
        SECURE_RUN_ROOT: join(home, 'run'),
        ...env,
      },
    });
  const file = (name: string): Block => blocks.find(({ text }) => text.startsWith(`# ${name}\n`)) ?? expect.fail(name);
  const write = (name: string, text: string): void => {
    mkdirSync(dirname(join(work, name)), { recursive: true });
    writeFileSync(join(work, name), text);
  };
  const fresh = (name: string): void => {
    work = join(home, name);
    write('Dockerfile', GOOD);
    write('legacy/Dockerfile', GOOD.replace('USER 1000:1000', 'USER root'));
    write('waivers.yaml', file('waivers.yaml').text.replace('NEXT-MONTH', month()));
  };

  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'secure-ci-guide-'));
    // What a checkout has: sources, nothing that was built.
    checkout = join(home, 'checkout');
    for (const name of ['src', 'schemas', 'scripts', 'package.json', 'package-lock.json'])
      cpSync(join(ROOT, name), join(checkout, name), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(checkout, 'node_modules'));
    mkdirSync(join(home, 'bin'));
    symlinkSync(join(checkout, 'scripts/ci/secure'), join(home, 'bin/secure'));
    fresh('shell');
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  it('its commands print what it says', { timeout: 120_000 }, () => {
    const consoles = blocks.filter(({ language }) => language === 'console');
    expect(consoles.length).toBeGreaterThan(3);
    for (const step of consoles.flatMap(stepsOf)) {
      const { stdout, stderr } = shell(step.command);
      expect(stdout, `${step.command}\n${stderr}`).toMatch(patternOf(step.output));
    }
    for (const name of ['audit.sarif', 'audit.html', 'audit.json', 'fleet.html'])
      expect(existsSync(join(work, name)), name).toBe(true);
  });

  it('the workflow of GitHub passes, with valid SARIF and a summary, and fails without its waivers', {
    timeout: 60_000,
  }, () => {
    interface Workflow {
      permissions: Record<string, string>;
      jobs: { audit: { steps: { run?: string; uses?: string; if?: string; with?: Record<string, string> }[] } };
    }
    const { jobs, permissions } = parse(file('.github/workflows/audit.yaml').text) as Workflow;
    const { steps } = jobs.audit;
    expect(permissions['security-events']).toBe('write');
    for (const [waived, code] of [
      [true, 0],
      [false, 1],
    ] as const) {
      fresh(`github-${waived}`);
      symlinkSync(checkout, join(work, '.secure'));
      if (!waived) write('waivers.yaml', 'waivers: []\n');
      const [audit, summary] = steps
        .flatMap(({ run }) => run ?? [])
        .map((run) => shell(run, { GITHUB_STEP_SUMMARY: 'summary.md' }));
      expect([audit?.status, summary?.status], audit?.stderr).toEqual([code, 0]);
      expect(readFileSync(join(work, 'summary.md'), 'utf8')).toContain(waived ? '✅' : '❌');
      // What later steps take is there, also when the audit fails.
      for (const step of steps.filter(({ uses }) => uses !== undefined && !uses.startsWith('actions/checkout'))) {
        expect(step.if).toBe('always()');
        expect(existsSync(join(work, step.with?.sarif_file ?? step.with?.path ?? ''))).toBe(true);
      }
      if (!cannotValidate()) expect(validated(readFileSync(join(work, 'audit.sarif'), 'utf8'))).toEqual([]);
    }
  });

  it('the job of GitLab does, from a clone', { timeout: 60_000 }, () => {
    interface Job {
      audit: { script: string[]; artifacts: { paths: string[]; reports: { junit: string } } };
    }
    const { audit } = parse(file('.gitlab-ci.yml').text) as Job;
    fresh('gitlab');
    const git = ['git', '-C', checkout, '-c', 'user.name=x', '-c', 'user.email=x@example.org'].join(' ');
    const made = shell(
      `git init -q "${checkout}" && printf 'node_modules\\n' > "${checkout}/.gitignore" && ${git} add -A && ${git} commit -qm all && ${git} tag v1`,
    );
    expect(made.status, made.stderr).toBe(0);
    // The clone has no dependencies: they are linked, so that this test downloads nothing.
    const script = audit.script.flatMap((line) =>
      line.startsWith('git ') ? [line, `ln -s "${ROOT}/node_modules" .secure/node_modules`] : [line],
    );
    const { status, stderr } = shell(`set -e\n${script.join('\n')}`, {
      SECURE_SOURCE: `file://${checkout}`,
      SECURE_REF: 'v1',
    });
    expect([status, stderr]).toEqual([0, '']);
    expect(readFileSync(join(work, audit.artifacts.reports.junit), 'utf8')).toContain('<skipped message="');
    for (const path of audit.artifacts.paths) expect(existsSync(join(work, path))).toBe(true);
  });
});
