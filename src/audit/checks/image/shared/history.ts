// SPDX-License-Identifier: Apache-2.0
// The steps that an image was built by, as its history has them, for checks of Dockerfiles: what was run then is the same, wherever it is read.
import { SecureError } from '../../../../errors.ts';
import { type DockerfileFacts, parseDockerfile } from '../../../facts/dockerfile.ts';
import type { ImageAuditFacts } from '../../../facts/image.ts';
import type { Problem, Verdict } from '../../../types.ts';
import type { DockerfileCheck } from '../../dockerfile/shared/check.ts';
import { judge, ofImage } from './check.ts';

/** Of one step; a longer one is cut, as its text was written by people. */
const STEP = 65_536;
const SHELLS = ['/bin/sh -c ', '/bin/bash -c ', '/bin/ash -c ', ' -c '];

/** The script of a step; undefined: it runs nothing. */
export function scriptOf(created: string): string | undefined {
  const step = created.slice(0, STEP).replace(/ # buildkit$/, '');
  if (step.startsWith('/bin/sh -c #(nop)')) return undefined;
  const run = step.startsWith('RUN ');
  if (!run && !step.startsWith('/bin/sh -c ') && !step.startsWith('|')) return undefined;
  for (const shell of SHELLS) {
    const at = step.indexOf(shell);
    if (at >= 0) return step.slice(at + shell.length);
  }
  // In exec form; build arguments stand before it, and look like assignments.
  return run ? step.slice('RUN '.length).replace(/^\|\d{1,3} /, '') : undefined;
}

/**
 * Sources and destination of an ADD; undefined: it is none. What docker without BuildKit has added is named by its content alone
 * (`ADD file:… in /app`); in `/` that is the archive of a base image.
 */
export function addOf(created: string): string[] | undefined {
  const step = created.slice(0, STEP).replace(/ # buildkit$/, '');
  const [, content, target] =
    /^\/bin\/sh -c #\(nop\)\s{1,8}ADD (?:file|dir|multi):([0-9a-f]{8,64}) in (\S+)/.exec(step) ?? [];
  if (content !== undefined && target !== undefined) return target === '/' ? undefined : [content, target];
  const words = step.startsWith('ADD ') ? step.split(' ').filter((word) => word !== '') : [];
  return words.length < 3 ? undefined : words.slice(1);
}

/** What each history was read as: several checks ask about one. */
const read = new WeakMap<readonly string[], DockerfileFacts>();

/** Each step on a line of its own, behind FROM. @throws SecureError of parsing */
function asDockerfile(history: readonly string[]): DockerfileFacts {
  const known = read.get(history);
  if (known !== undefined) return known;
  const lines = history.map((step, i) => {
    const [script, added] = [scriptOf(step), addOf(step)];
    if (added !== undefined) return `ADD ${JSON.stringify(added)}`;
    return script === undefined ? `LABEL step=${i + 1}` : `RUN ${JSON.stringify(['/bin/sh', '-c', script])}`;
  });
  const file = parseDockerfile(`FROM scratch\n${lines.join('\n')}\n`, 'history');
  read.set(history, file);
  return file;
}

/** What checks of Dockerfiles say of the steps. */
export function historyVerdict(facts: ImageAuditFacts, checks: readonly DockerfileCheck[]): Verdict {
  if (facts.history.length === 0) return { status: 'not-applicable', why: 'the image has no history' };
  let file: DockerfileFacts;
  try {
    file = asDockerfile(facts.history);
  } catch (error) {
    if (!(error instanceof SecureError)) throw error;
    return { status: 'unknown', why: `its history cannot be read: ${error.message}` };
  }
  const problems = checks.flatMap((check): Problem[] => {
    const verdict = check.check(file);
    if (verdict.status !== 'fail') return [];
    return verdict.problems.map(({ key, message, location }) => {
      const step = (location.region?.startLine ?? 2) - 1;
      return ofImage(facts, `step ${step}: ${key}`, `step ${step} of the history: ${message}`);
    });
  });
  return judge([...new Map(problems.map((one) => [one.key, one])).values()]);
}
