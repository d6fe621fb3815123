// SPDX-License-Identifier: Apache-2.0
// Every check of files that has a repair, by its own examples: afterwards it passes, the rest of the file is as it was, and doing it
// again does nothing.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CHECKS } from '../../../src/audit/checks/index.ts';
import { composeSubjects } from '../../../src/audit/facts/compose.ts';
import { planDockerfiles } from '../../../src/audit/fix/dockerfiles.ts';
import { type DocumentTarget, planDocuments } from '../../../src/audit/fix/document.ts';
import { planCompose, planManifests } from '../../../src/audit/fix/manifests.ts';
import type { Plan } from '../../../src/audit/fix/types.ts';
import { yamlEditor } from '../../../src/audit/fix/yaml.ts';
import { auditCompose, auditDockerfiles, auditManifests, results } from '../../../src/audit/run.ts';
import type { Target } from '../../../src/audit/types.ts';
import { checkFiles, exampleReader } from '../../support/audit.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'secure-fix-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const FILES: { readonly [T in Target]?: string } = {
  dockerfile: 'Dockerfile',
  compose: 'compose.yaml',
  kubernetes: 'pod.yaml',
};
async function planned(target: Target, text: string, only: string, all = true): Promise<Plan> {
  const path = join(dir, FILES[target] ?? '');
  writeFileSync(path, text);
  const options = { all, only: new Set([only]) };
  if (target === 'compose') return planCompose([path], await auditCompose([path]), options);
  if (target === 'kubernetes') return planManifests([path], await auditManifests([path]), options);
  return planDockerfiles([path], await auditDockerfiles([path]), options);
}

const checks = (await checkFiles()).map(({ check }) => check).filter(({ fix, target }) => fix && FILES[target]);

describe.each(checks.map((check) => [check.id, check] as const))('%s', (id, check) => {
  it('repairs its examples, once', async () => {
    const read = await exampleReader(check.target);
    let repaired = 0;
    for (const { good, bad } of check.examples as readonly { good: string; bad: string }[]) {
      const text = `# kept\n${bad}# kept, too\n`;
      const plan = await planned(check.target, text, id);
      const [file, ...more] = plan.files;
      if (file === undefined) {
        // A repair that does not know this one says so.
        expect(plan.left.map((one) => one.id)).toContain(id);
        expect(plan.repairs).toEqual([]);
        continue;
      }
      expect(more).toEqual([]);
      repaired += 1;
      expect(check.check(read(file.after)).status).not.toBe('fail');
      expect(plan.repairs.map((one) => one.id)).toContain(id);
      expect(file.after.startsWith('# kept\n')).toBe(true);
      expect(file.after.endsWith('# kept, too\n')).toBe(true);
      expect((await planned(check.target, file.after, id)).files).toEqual([]);
      // What is in order is left alone.
      expect((await planned(check.target, good, id)).files).toEqual([]);
    }
    expect(repaired).toBeGreaterThan(0);
  });
});

describe('a Dockerfile', () => {
  const repaired = async (text: string, all = false): Promise<string> => {
    const path = join(dir, 'Dockerfile');
    writeFileSync(path, text);
    const plan = planDockerfiles([path], await auditDockerfiles([path]), { all, only: undefined });
    // Planning changes nothing.
    expect(readFileSync(path, 'utf8')).toBe(text);
    return plan.files[0]?.after ?? text;
  };

  it.each([
    ['a plain file', 'ADD app.json /app/', 'COPY app.json /app/'],
    ['in small letters, with flags', 'add --chown=1:1 a.conf b.sh /app/', 'copy --chown=1:1 a.conf b.sh /app/'],
    ['a directory', 'ADD . /app', 'COPY . /app'],
    ['continued', 'ADD \\\n  # why\n  a.json \\\n  /app/', 'COPY \\\n  # why\n  a.json \\\n  /app/'],
    ['as JSON', 'ADD ["a.json", "/app/"]', 'COPY ["a.json", "/app/"]'],
    ['a trigger', 'ONBUILD ADD a.json /app/', 'ONBUILD COPY a.json /app/'],
  ])('copies %s', async (_, bad, good) => {
    expect(await repaired(`FROM debian:12\n${bad}\nUSER 1\n`)).toBe(`FROM debian:12\n${good}\nUSER 1\n`);
  });

  it.each([
    ['an archive', 'ADD rootfs.tar.gz /'],
    ['something of a name that says nothing', 'ADD rootfs /'],
    ['what only the build knows', 'ARG FILE\nADD $FILE /'],
    ['an archive beside a file', 'ADD a.json b.tgz /app/'],
    ['what is fetched', 'ADD https://example.com/a.json /a.json'],
    ['a pattern', 'ADD app* /app/'],
    ['what COPY does not have', 'ADD --unpack=true a.json /app/'],
  ])('goes on adding %s', async (_, line) => {
    const text = `FROM debian:12\n${line}\nUSER 1\n`;
    expect(await repaired(text)).toBe(text);
  });

  it.each([
    [
      'on one line',
      'RUN apt-get update && apt-get install -y x',
      'RUN apt-get update && apt-get install -y x && rm -rf /var/lib/apt/lists/*',
    ],
    [
      'on several, as they are written',
      'RUN apt-get update \\\n    && apt-get install -y x \\\n    # why\n    && true',
      'RUN apt-get update \\\n    && apt-get install -y x \\\n    # why\n    && true \\\n    && rm -rf /var/lib/apt/lists/*',
    ],
    ['of apk', 'RUN apk add -q x && true', 'RUN apk add --no-cache -q x && true'],
    ['of dnf', 'RUN dnf install -y a && dnf install -y b', 'RUN dnf install -y a && dnf install -y b && dnf clean all'],
  ])('package lists %s go', async (_, bad, good) => {
    expect(await repaired(`FROM debian:12\n${bad}\nUSER 1\n`)).toBe(`FROM debian:12\n${good}\nUSER 1\n`);
  });

  it.each([
    ['a later step installs from them', 'RUN apt-get update && apt-get install -y a\nRUN apt-get install -y b'],
    ['it would be a comment', 'RUN apt-get update && apt-get install -y a # why'],
    ['something runs on in the background', 'RUN apt-get update && apt-get install -y a &'],
    ['it is a here-document', 'RUN <<EOF\napt-get update\napt-get install -y a\nEOF'],
    ['it is no script', 'RUN ["sh", "-c", "apt-get update && apt-get install -y a"]'],
  ])('package lists stay where %s', async (_, line) => {
    const text = `FROM debian:12\n${line}\nUSER 1\n`;
    expect(await repaired(text)).toBe(text);
  });

  it.each([
    ['after USER root', 'FROM x@sha256:1\nUSER root\nRUN sudo a && sudo b', 'FROM x@sha256:1\nUSER root\nRUN a && b'],
    ['on an official image', 'FROM debian:12\nRUN a | sudo tee /b', 'FROM debian:12\nRUN a | tee /b'],
    [
      'on a stage that is one',
      'FROM debian:12 AS base\nFROM base\nRUN sudo a',
      'FROM debian:12 AS base\nFROM base\nRUN a',
    ],
  ])('sudo goes %s', async (_, bad, good) => {
    expect(await repaired(`${bad}\nUSER 1\n`)).toBe(`${good}\nUSER 1\n`);
  });

  it.each([
    ['somebody else runs it', 'FROM debian:12\nUSER app\nRUN sudo a'],
    ['nobody knows who runs it', 'FROM registry.example/base:1\nRUN sudo a'],
    ['it does more', 'FROM debian:12\nRUN sudo -u app a'],
  ])('sudo stays where %s', async (_, text) => {
    expect(await repaired(`${text}\nUSER 1\n`)).toBe(`${text}\nUSER 1\n`);
  });

  it('of more problems than are named has the first repaired', async () => {
    const text = (word: string) => Array.from({ length: 1500 }, (_, i) => `${word} ${i}.json /\n`);
    const made = await repaired(`FROM debian:12\n${text('ADD').join('')}USER 1\n`);
    expect(made).toBe(
      `FROM debian:12\n${[...text('COPY').slice(0, 1000), ...text('ADD').slice(1000)].join('')}USER 1\n`,
    );
    expect(await repaired(made)).toBe(`FROM debian:12\n${text('COPY').join('')}USER 1\n`);
  });

  it('where one of several cannot be repaired has the others repaired', async () => {
    const run = 'RUN apt-get update && apt-get install -y a';
    const text = `FROM debian:12\n${run} # why\n${run}\nUSER 1\n`;
    expect(await repaired(text)).toBe(`FROM debian:12\n${run} # why\n${run} && rm -rf /var/lib/apt/lists/*\nUSER 1\n`);
  });

  it('switches that take checks away go only when somebody asks for that', async () => {
    const text =
      'FROM debian:12\nRUN curl -fkso /x https://example.com/x \\\n  && apt-get install --allow-unauthenticated -y a\nUSER 1\n';
    expect(await repaired(text)).toBe(text);
    expect(await repaired(text, true)).toBe(
      'FROM debian:12\nRUN curl -fso /x https://example.com/x \\\n  && apt-get install -y a\nUSER 1\n',
    );
  });

  it('keeps a byte order mark, line breaks of Windows and what is ignored by a comment', async () => {
    const ignored = '# secure ignore=SEC-DOCKERFILE-0006 reason="unpacked on purpose" until=2999-01-31';
    const text = `\uFEFFFROM debian:12\r\n${ignored}\r\nADD a.json /\r\nADD b.json /\r\nUSER 1\r\n`;
    expect(await repaired(text)).toBe(text.replace('ADD b.json', 'COPY b.json'));
  });
});

describe('repairs that are refused', () => {
  it('cost no other reading of the file, and do not keep others from being made', () => {
    const services = Array.from({ length: 900 }, (_, i) => `  s${i}: &a${i}\n    image: x:1\n`);
    const path = join(dir, 'compose.yaml');
    const last = '  last:\n    image: x:1\n';
    writeFileSync(path, `services:\n${services.join('')}${last}`);
    let read = 0;
    const target: DocumentTarget = {
      path,
      examine: (text) => {
        read += 1;
        return [...composeSubjects(text, path, () => '')].map(({ name, facts }) => ({
          audited: { target: 'compose', name, uri: 'compose.yaml', results: results(CHECKS.compose, facts) },
          facts,
        }));
      },
    };
    const { files, left, repairs } = planDocuments(
      [target],
      [],
      { all: true, only: new Set(['SEC-COMPOSE-0008']) },
      yamlEditor,
    );
    expect(files.map(({ after }) => after)).toEqual([
      `services:\n${services.join('')}${last}    security_opt:\n      - no-new-privileges:true\n`,
    ]);
    expect([repairs.length, left.length, read]).toEqual([1, 900, 2]);
  });
});
