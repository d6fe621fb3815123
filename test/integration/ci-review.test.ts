// SPDX-License-Identifier: Apache-2.0
// What CI systems run of action.yml, templates/policy-review.yml and .pre-commit-hooks.yaml: their own commands, with their own variables.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';

const ROOT = join(import.meta.dirname, '../..');
const has = (program: string) => process.env.SECURE_MUST_WORK === '1' || spawnSync(program, ['--version']).status === 0;
const POLICY = `apiVersion: secure/v1
kind: Policy
extends: [default]
rules:
  - id: pinned
    target: dockerfile
    severity: high
    require: "dockerfile.stages.all(s, ref(s.base).tag != 'latest')"
    message: "pin the base"
tests:
  - { name: newest, input: { dockerfile: { stages: [{ kind: image, base: debian }] } }, expect: { deny: [pinned] } }
`;

describe.skipIf(!has('git'))('a review in CI', () => {
  let home: string;
  let work: string;
  /** A checkout of the files as they are, with the dependencies that are here. */
  let checkout: string;
  const git = (...words: string[]) => {
    const { status, stderr } = spawnSync(
      'git',
      ['-c', 'user.name=x', '-c', 'user.email=x@example.org', '-c', 'init.defaultBranch=main', ...words],
      { encoding: 'utf8' },
    );
    expect([status, stderr]).toEqual([0, expect.anything()]);
  };
  const shell = (script: string, env: Record<string, string>) => {
    const { status, stdout, stderr } = spawnSync('sh', ['-e', '-c', script], {
      cwd: work,
      encoding: 'utf8',
      env: {
        PATH: process.env.PATH ?? '',
        HOME: home,
        SECURE_STATE_ROOT: join(home, 'state'),
        SECURE_RUN_ROOT: join(home, 'run'),
        ...env,
      },
    });
    return { status, stdout, stderr };
  };
  const write = (name: string, text: string) => {
    mkdirSync(join(work, name, '..'), { recursive: true });
    writeFileSync(join(work, name), text);
  };
  const read = (name: string) => readFileSync(join(work, name), 'utf8');

  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'secure-ci-'));
    checkout = join(home, 'secure');
    for (const name of [
      'src',
      'schemas',
      'scripts',
      'bin',
      'package.json',
      'package-lock.json',
      'action.yml',
      '.pre-commit-hooks.yaml',
      '.gitignore',
    ])
      cpSync(join(ROOT, name), join(checkout, name), { recursive: true });
    git('init', '-q', checkout);
    git('-C', checkout, 'add', '-A');
    git('-C', checkout, 'commit', '-qm', 'all');
    git('-C', checkout, 'tag', 'v1');
    cpSync(join(ROOT, 'node_modules'), join(checkout, 'node_modules'), { recursive: true });
  }, 120_000);
  afterAll(() => rmSync(home, { recursive: true, force: true }));
  beforeEach(() => {
    work = mkdtempSync(join(home, 'work-'));
    write('secure.policy.yaml', POLICY);
    write('Dockerfile', 'FROM debian\n');
    write('fine/Dockerfile', 'FROM debian:12.8\n');
  });

  describe('by action.yml', () => {
    interface Action {
      inputs: Record<string, { default?: string; required?: boolean }>;
      outputs: Record<string, { value: string }>;
      runs: { using: string; steps: { shell: string; run: string; env: Record<string, string> }[] };
    }
    const action = parse(readFileSync(join(ROOT, 'action.yml'), 'utf8')) as Action;
    const [step] = action.runs.steps;
    /** The step as the runner executes it. */
    const act = (inputs: Record<string, string>) => {
      const value = (text: string) =>
        text.replace(
          /\$\{\{ inputs\.([\w-]+) \}\}/g,
          (_, name: string) => inputs[name] ?? action.inputs[name]?.default ?? '',
        );
      const env = Object.fromEntries(Object.entries(step?.env ?? {}).map(([name, text]) => [name, value(text)]));
      for (const name of ['output', 'summary']) write(name, '');
      return shell(step?.run ?? 'false', {
        ...env,
        GITHUB_ACTION_PATH: checkout,
        GITHUB_OUTPUT: join(work, 'output'),
        GITHUB_STEP_SUMMARY: join(work, 'summary'),
      });
    };

    it('fails by what is refused, with a summary, SARIF and outputs', () => {
      const refused = act({ targets: '  Dockerfile\n\nfine/Dockerfile\n' });
      expect([refused.status, refused.stderr]).toEqual([1, '']);
      expect(read('summary')).toContain('| 🟧 high | `pinned` | `Dockerfile` | `pin the base` |');
      const { runs } = JSON.parse(read('secure.sarif')) as { runs: { results: { ruleId: string }[] }[] };
      expect(runs[0]?.results.map(({ ruleId }) => ruleId)).toEqual(['pinned']);
      expect(read('output')).toBe('sarif=secure.sarif\nmarkdown=secure.md\nexit-code=1\n');
      // Each output of the action is one of the step.
      for (const { value } of Object.values(action.outputs))
        expect(read('output')).toContain(`${/outputs\.([\w-]+)/.exec(value)?.[1]}=`);
    });

    it('passes what is not, and below the severity that counts', () => {
      expect(act({ targets: 'fine/Dockerfile' }).status).toBe(0);
      expect(read('output')).toContain('exit-code=0');
      expect(act({ targets: 'Dockerfile', 'fail-on': 'critical' }).status).toBe(0);
      expect(act({ targets: 'Dockerfile', sarif: '', markdown: '' }).status).toBe(1);
      expect(read('summary')).toBe('');
    });

    it('fails where there was no review', () => {
      expect(act({ targets: 'Dockerfile', policy: './none.yaml' }).status).toBe(2);
      expect(read('output')).toContain('exit-code=2');
      expect(act({ targets: '' }).status).toBe(2);
    });

    it.each([
      '$(touch pwned)',
      '`touch pwned`',
      '"; touch pwned; "',
      '--policy=baseline',
      '-h',
      'a\nb; touch pwned',
      '*',
    ])('%j as a target is a name, and nothing that runs', (text) => {
      expect(act({ targets: text }).status).not.toBe(0);
      expect(act({ targets: 'Dockerfile', 'fail-on': text }).status).toBe(2);
      act({ targets: 'fine/Dockerfile', sarif: `${text}.sarif` });
      expect(existsSync(join(work, 'pwned'))).toBe(false);
      expect(read('output').split('\n')).toHaveLength(4);
    });

    it('writes nothing of its inputs into the script', () => {
      expect(action.runs.using).toBe('composite');
      for (const { run } of action.runs.steps) expect(run).not.toContain('${{');
    });
  });

  it('by the template of GitLab, from a clone', { timeout: 60_000 }, () => {
    const [header, jobs] = parseAllDocuments(readFileSync(join(ROOT, 'templates/policy-review.yml'), 'utf8')).map(
      (document) => document.toJS() as Record<string, never>,
    );
    const { inputs } = (header as unknown as { spec: { inputs: Record<string, { default?: string }> } }).spec;
    const given: Record<string, string> = { targets: 'Dockerfile', source: `file://${checkout}`, ref: 'v1' };
    const filled = JSON.parse(
      JSON.stringify(jobs).replace(/\$\[\[ inputs\.([\w-]+) \]\]/g, (_, name: string) => {
        expect(inputs).toHaveProperty(name);
        return given[name] ?? inputs[name]?.default ?? '';
      }),
    ) as Record<
      string,
      {
        variables: Record<string, string>;
        script: string[];
        artifacts: { paths: string[]; reports: { junit: string } };
      }
    >;
    const job = filled['secure-policy-review'];
    // The clone has no dependencies: they are linked between the two commands, so that this test downloads nothing.
    const script =
      job?.script.flatMap((line) =>
        line.startsWith('git ') ? [line, `ln -s "${checkout}/node_modules" "$secure/source/node_modules"`] : [line],
      ) ?? [];
    const { status, stderr } = shell(script.join('\n'), job?.variables ?? {});
    expect([status, stderr]).toEqual([1, '']);
    for (const path of job?.artifacts.paths ?? []) expect(existsSync(join(work, path)), path).toBe(true);
    expect(read(job?.artifacts.reports.junit ?? '')).toContain('<failure type="high" message="pin the base">');
  });

  describe.skipIf(!has('pre-commit'))('by pre-commit', () => {
    // It clones the repository once, and the dependencies come with npm: for real, which takes a while.
    const hook = (id: string, ...files: string[]) =>
      shell(`pre-commit run ${id} --files ${files.join(' ')}`, { PRE_COMMIT_HOME: join(home, 'cache') });

    it('reviews build files, and checks policies', { timeout: 600_000 }, () => {
      const hooks = '[{id: secure-policy-review}, {id: secure-policy}]';
      write('.pre-commit-config.yaml', `repos: [{repo: ${checkout}, rev: v1, hooks: ${hooks}}]\n`);
      git('init', '-q', work);
      git('-C', work, 'add', '-A');
      const refused = hook('secure-policy-review', 'Dockerfile', 'fine/Dockerfile', 'secure.policy.yaml');
      expect(refused.status, refused.stdout + refused.stderr).toBe(1);
      expect(refused.stdout).toContain('pin the base');
      expect(refused.stdout).not.toContain('secure.policy.yaml:');
      expect(hook('secure-policy-review', 'fine/Dockerfile')).toMatchObject({ status: 0 });
      expect(hook('secure-policy', 'secure.policy.yaml')).toMatchObject({ status: 0 });
      write('secure.policy.yaml', POLICY.replace('deny: [pinned]', 'deny: []'));
      const failing = hook('secure-policy', 'secure.policy.yaml');
      expect([failing.status, failing.stdout]).toEqual([1, expect.stringContaining('FAIL')]);
    });
  });
});
