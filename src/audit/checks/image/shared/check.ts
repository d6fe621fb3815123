// SPDX-License-Identifier: Apache-2.0
import type { ImageAuditFacts } from '../../../facts/image.ts';
import type { DeepPartial } from '../../../partial.ts';
import type { Check, Problem, Verdict } from '../../../types.ts';

/** A check of an image; its examples are what differs from `exampleFacts`. */
export type ImageCheck = Check<ImageAuditFacts, DeepPartial<ImageAuditFacts>>;

/** A problem of the image as a whole. */
export const ofImage = ({ reference }: ImageAuditFacts, key: string, message: string): Problem => ({
  message,
  key,
  location: { logical: reference },
});

/** A problem of one path in it. */
export const ofPath = ({ reference }: ImageAuditFacts, path: string, message: string, key = path): Problem => ({
  message,
  key,
  location: { logical: `${reference} /${path}`, path },
});

export const judge = (problems: readonly Problem[]): Verdict =>
  problems.length === 0 ? { status: 'pass' } : { status: 'fail', problems };

/** Of files: nothing found among those that were looked at says nothing about the others. */
export function judgeFiles({ incomplete }: ImageAuditFacts, problems: readonly Problem[]): Verdict {
  return problems.length === 0 && incomplete !== null ? { status: 'unknown', why: incomplete } : judge(problems);
}

export const octal = (mode: number): string => mode.toString(8).padStart(4, '0');
