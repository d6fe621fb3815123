// SPDX-License-Identifier: Apache-2.0
// Rules where they count: what they refuse is neither built nor started.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cannotRun, errorCode, Secure } from '../support/secure.ts';

const POLICY = [
  'apiVersion: secure/v1',
  'kind: Policy',
  'extends: [default]',
  'rules:',
  '  - id: no-label',
  '    target: image',
  '    require: "!(\'forbidden\' in image.config.labels)"',
  '    message: "{{ image.reference }} has the label: {{ image.config.labels.forbidden }}"',
  '  - id: small',
  '    target: plan',
  '    require: "plan.linux.resources.memory.limit <= 64 * 1024 * 1024"',
  '    remediation: "run it with -m 64m"',
  '  - id: no-curl',
  '    target: dockerfile',
  "    require: \"dockerfile.instructions.all(i, i.keyword != 'RUN' || !i.text.contains('forbidden'))\"",
  '  - id: spoken-of',
  '    target: plan',
  '    enforcement: warn',
  '    require: "plan.process.user.uid != 0"',
  '    message: "it runs as {{ plan.process.user.uid }}"',
].join('\n');

const day = (ahead: number) => new Date(Date.now() + ahead * 24 * 3600_000).toISOString().slice(0, 10);

describe.skipIf(cannotRun())('rules of a policy', () => {
  let secure: Secure;
  let policy: string;
  const write = (name: string, text: string) => {
    const path = join(secure.root, name);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, text);
    return path;
  };

  beforeAll(async () => {
    secure = await Secure.create();
    policy = write('secure.policy.yaml', `${POLICY}\n`);
    write('labelled/Dockerfile', 'FROM busybox\nLABEL forbidden="so it is"\n');
    const built = await secure.run('image', 'build', '-t', 'labelled', join(secure.root, 'labelled'));
    expect(built, built.stderr).toMatchObject({ code: 0 });
  });
  afterAll(() => secure.destroy());

  const started = (file: string, ...words: string[]) =>
    secure.run('run', '--rm', '--profile', file, '-m', '64m', ...words);

  it('refuse an image, a plan, and warn, before anything is started', async () => {
    const fine = await started(policy, 'busybox', 'echo', 'ran');
    expect(fine).toMatchObject({ code: 0, stdout: 'ran\n' });
    expect(fine.stderr).toContain('rule spoken-of: it runs as 0');
    const labelled = await started(policy, 'labelled', 'echo', 'ran');
    expect(labelled).toMatchObject({ code: 125, stdout: '' });
    expect(errorCode(labelled)).toBe('POLICY_DENIED');
    expect(labelled.stderr).toContain(`localhost/labelled:latest has the label: so it is [${policy}:5]`);
    const large = await secure.run('run', '--rm', '--profile', policy, '-m', '65m', 'busybox', 'echo', 'ran');
    expect(large).toMatchObject({ code: 125, stdout: '' });
    expect(large.stderr).toContain('hint: run it with -m 64m');
    const { containers } = (await secure.json('ps', '-a')) as { containers: unknown[] };
    expect(containers).toEqual([]);
  });

  it('are told in the plan', async () => {
    const printed = await secure.run('run', '--dry-run', '--json', '--profile', policy, '-m', '64m', 'busybox', 'true');
    const { secure: extension } = JSON.parse(printed.stdout) as {
      secure: { reasons: { control: string; decision: string; status: string; by: { line: number } }[] };
    };
    expect(
      extension.reasons
        .filter(({ control }) => control.startsWith('rule '))
        .map(({ control, decision, by }) => [control, decision, by.line]),
    ).toEqual([
      ['rule no-label', 'holds', 5],
      ['rule small', 'holds', 9],
      ['rule spoken-of', 'warns', 16],
    ]);
  });

  it('give way to an exception until it ends, and the plan names who answers for it', async () => {
    const excepted = write(
      'excepted.yaml',
      `apiVersion: secure/v1\nkind: Policy\nextends: [./secure.policy.yaml]\nexceptions:\n  - {rule: no-label, match: "localhost/labelled:*", owner: team@example.org, reason: "it is only a test", expires: ${day(5)}}\n`,
    );
    const ran = await started(excepted, 'labelled', 'echo', 'ran');
    expect(ran).toMatchObject({ code: 0, stdout: 'ran\n' });
    expect(ran.stderr).toContain('team@example.org: it is only a test');
    const expired = write(
      'expired.yaml',
      `apiVersion: secure/v1\nkind: Policy\nextends: [./secure.policy.yaml]\nexceptions:\n  - {rule: no-label, owner: team@example.org, reason: "it is only a test", expires: ${day(-1)}}\n`,
    );
    const refused = await started(expired, 'labelled', 'echo', 'ran');
    expect(refused).toMatchObject({ code: 125, stdout: '' });
    expect(refused.stderr).toContain(`the exception for team@example.org expired on ${day(-1)}`);
  });

  it('refuse a build before its first step, by the file and by the images that it stands on', async () => {
    write('bad/Dockerfile', 'FROM busybox\nRUN touch /x && echo happened\nRUN echo forbidden\n');
    const bad = await secure.run('image', 'build', '-t', 'bad', '--policy', policy, join(secure.root, 'bad'));
    expect(bad.code).not.toBe(0);
    expect(errorCode(bad)).toBe('POLICY_DENIED');
    expect(bad.stderr + bad.stdout).not.toContain('happened');
    write('base/Dockerfile', 'FROM labelled\nRUN echo happened\n');
    const base = await secure.run('image', 'build', '-t', 'bad', '--policy', policy, join(secure.root, 'base'));
    expect(errorCode(base)).toBe('POLICY_DENIED');
    expect(base.stderr + base.stdout).not.toContain('happened');
  });

  it('review files and images: table, JSON, SARIF, and the exit code', async () => {
    write('reviewed/Dockerfile', 'FROM busybox\nRUN echo forbidden\n');
    const file = join(secure.root, 'reviewed/Dockerfile');
    const table = await secure.run('policy', 'review', '--policy', policy, file, 'labelled', './labelled', 'busybox');
    expect(table.code).toBe(1);
    expect(table.stdout).toContain('no-label');
    expect(table.stdout).toContain('no-curl');
    expect((await secure.run('policy', 'review', '--policy', policy, 'busybox')).code).toBe(0);
    const sarif = join(secure.root, 'out.sarif');
    expect((await secure.run('policy', 'review', '--policy', policy, '-o', sarif, file)).code).toBe(1);
    expect(existsSync(sarif)).toBe(true);
    const plan = await secure.run(
      'run',
      '--dry-run',
      '--json',
      '--profile',
      'default',
      '-m',
      '128m',
      'busybox',
      'true',
    );
    const planned = write('plan.json', plan.stdout);
    const reviewed = await secure.run('policy', 'review', '--policy', policy, '--json', planned);
    expect(reviewed.code).toBe(1);
    expect(reviewed.stdout).toContain('"small"');
    // Only what warns.
    const small = write(
      'small.json',
      (await secure.run('run', '--dry-run', '--json', '-m', '32m', 'busybox', 'true')).stdout,
    );
    expect((await secure.run('policy', 'review', '--policy', policy, small)).code).toBe(0);
    // What warns and cannot be evaluated refuses, as it does in a run.
    const rule = '  - {id: w, target: plan, enforcement: warn, require: "plan.annotations.nothing == plan.hostname"}';
    const broken = write('broken.yaml', `apiVersion: secure/v1\nkind: Policy\nextends: [default]\nrules:\n${rule}\n`);
    const unknown = await secure.run('policy', 'review', '--policy', broken, small);
    expect(unknown).toMatchObject({ code: 1, stdout: expect.stringContaining('cannot be evaluated') });
    expect(await started(broken, 'busybox', 'true')).toMatchObject({ code: 125 });
  });

  it('explain themselves with the values that they looked at', async () => {
    const { stdout } = await secure.run('policy', 'explain', policy, 'labelled');
    expect(stdout).toContain(`fail  no-label: localhost/labelled:latest has the label: so it is [${policy}:5]`);
    expect(stdout).toContain("'forbidden' in image.config.labels = true");
    expect((await secure.run('policy', 'explain', policy, 'busybox')).stdout).toBe(
      'no rule refuses localhost/busybox:latest\n',
    );
  });

  it('start from a policy that init writes, which is valid, tested, and does not replace another', async () => {
    const path = join(secure.root, 'start.yaml');
    expect((await secure.run('policy', 'init', path)).code).toBe(0);
    expect((await secure.run('policy', 'validate', path)).code).toBe(0);
    const tested = await secure.run('policy', 'test', '--coverage', path);
    expect(tested).toMatchObject({ code: 0 });
    expect(tested.stdout).toContain('5 passed, 0 failed');
    expect((await secure.run('policy', 'test', '--format', 'junit', path)).stdout).toContain('tests="5" failures="0"');
    expect(errorCode(await secure.run('policy', 'init', path))).toBe('OUTPUT_REFUSED');
    expect((await secure.run('policy', 'show', path)).stdout).toMatch(/memory +\S+.*start\.yaml:/);
  });

  it('that cannot be meant are never "allow"', async () => {
    for (const [text, code] of [
      ['rules: [{id: a, target: image, require: "imag.digest == \'\'"}]', 'POLICY_INVALID'],
      ['rules: [{id: a, target: image, require: "image.config.labels.missing == \'\'"}]', 'POLICY_DENIED'],
      ['requires: {secure: ">=99"}', 'POLICY_INVALID'],
      ['extends: [./loop.yaml]', 'POLICY_CYCLE'],
      ['extends: [./missing.yaml]', 'POLICY_UNREADABLE'],
    ] as const) {
      const path = write('loop.yaml', `apiVersion: secure/v1\nkind: Policy\n${text}\n`);
      const result = await started(path, 'busybox', 'echo', 'ran');
      expect([text, result.code, errorCode(result), result.stdout]).toEqual([text, 125, code, '']);
    }
  });
});
