// SPDX-License-Identifier: Apache-2.0
// What all commands of the topic take.
import { SEVERITIES } from '../../audit/types.ts';
import { Flags } from '../command.ts';
import { asTyped, valueFlag, valuesFlag } from '../definitions.ts';
import { invalidValue } from '../read.ts';

export const FORMATS = ['table', 'json', 'sarif', 'html', 'markdown', 'junit'] as const;
export type Format = (typeof FORMATS)[number];

function parseScore(flag: string, text: string): number {
  if (!/^\d{1,3}$/.test(text) || Number(text) > 100) throw invalidValue(flag, text, 'a number from 0 to 100');
  return Number(text);
}

export const AUDIT_FLAGS = {
  format: Flags.string({ options: FORMATS, description: 'How the report looks (default: table).' }),
  output: valuesFlag(asTyped, {
    char: 'o',
    description: 'Write the report to this file instead of stdout. Several: each in the format of its extension.',
    helpValue: 'FILE.sarif|.md|.xml|.html|.json|.txt',
  }),
  'fail-on': Flags.string({
    options: [...SEVERITIES, 'none'],
    default: 'high',
    description: 'The lowest severity that makes the exit code 1.',
  }),
  'min-score': valueFlag(parseScore, { description: 'A lower score makes the exit code 1.', helpValue: '0-100' }),
  waivers: valuesFlag(asTyped, {
    description: 'Problems that somebody has taken on until a day; they do not count. May be repeated.',
    helpValue: 'FILE.yaml',
  }),
  baseline: Flags.string({
    description: 'An earlier report: --fail-on counts only what it does not have.',
    helpValue: 'REPORT.json',
  }),
  history: Flags.boolean({ description: 'Keep the scores, and show how they have changed.' }),
  verbose: Flags.boolean({ description: 'In the table: all checks, all problems, and why each check is there.' }),
};
