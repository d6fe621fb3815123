// SPDX-License-Identifier: Apache-2.0
// The blocks of a guide, for tests that do what it says.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');

export interface Block {
  readonly language: string;
  readonly text: string;
  readonly line: number;
}

export function blocksOf(guide: string): Block[] {
  const text = readFileSync(join(ROOT, 'docs/guide', `${guide}.md`), 'utf8');
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(({ 1: language = '', 2: body = '', index }) => ({
    language,
    text: body,
    line: text.slice(0, index).split('\n').length,
  }));
}

/** Commands with what they print; `…` stands for anything, on a line of its own for any lines. */
export function stepsOf({ text }: Block): { command: string; output: string }[] {
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((step) => {
      const [command = '', ...output] = step.split('\n');
      return { command, output: output.join('\n') };
    });
}

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
export function patternOf(output: string): RegExp {
  const lines = output.split('\n').slice(0, -1);
  const pattern = lines.map((line) => (line === '…' ? '(?:.*\\n)*?' : `${line.split('…').map(escaped).join('.*')}\\n`));
  return new RegExp(`^${pattern.join('')}$`);
}
