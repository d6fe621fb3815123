// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { Bars } from '../../src/cli/bars.ts';

/** What a terminal shows after lines and the two sequences that bars use; anything else is an error. */
class Terminal {
  readonly lines: string[] = [];
  columns = 80;
  time = 0;
  writes = 0;

  write(text: string): void {
    this.writes += 1;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal is steered with
    const [, up, rest] = /^(?:\u001b\[(\d+)A\u001b\[J)?([^\u001b]*)$/s.exec(text) ?? [];
    if (rest === undefined) throw new Error(`unknown sequence in ${JSON.stringify(text)}`);
    if (up !== undefined) this.lines.splice(this.lines.length - Number(up));
    this.lines.push(...rest.split('\n').slice(0, -1));
  }

  now(): number {
    return this.time;
  }
}

describe('bars', () => {
  it('stand below the lines that stay, and become one when they are full', () => {
    const terminal = new Terminal();
    const bars = new Bars(terminal);
    bars.line('first');
    bars.start('a', 'copying a', 1000);
    bars.start('b', 'copying b', 2000);
    bars.line('second');
    expect(terminal.lines.slice(0, 2)).toEqual(['first', 'second']);
    expect(terminal.lines).toHaveLength(4);
    terminal.time = 1000;
    bars.advance('b', 1000);
    expect(terminal.lines[3]).toMatch(/^copying b \[={12} {12}\] 1\.0 kB of 2\.0 kB$/);
    bars.advance('a', 1000);
    bars.advance('b', 2000);
    expect(terminal.lines).toEqual(['first', 'second', 'copying a 1.0 kB', 'copying b 2.0 kB']);
  });

  it('are drawn ten times a second at most, however much arrives', () => {
    const terminal = new Terminal();
    const bars = new Bars(terminal);
    bars.start('a', 'copying a', 100_001);
    for (let done = 1; done <= 100_000; done++) {
      terminal.time += 0.01;
      bars.advance('a', done);
    }
    expect(terminal.writes).toBeLessThanOrEqual(12);
    expect(terminal.lines).toHaveLength(1);
  });

  it('never reach the edge of the terminal, where a line would be broken', () => {
    const terminal = new Terminal();
    terminal.columns = 20;
    const bars = new Bars(terminal);
    bars.start('a', 'copying sha256:0123456789ab', 1e15);
    expect(terminal.lines[0]).toHaveLength(19);
  });

  it('know nothing of what was not begun, such as what is here already', () => {
    const terminal = new Terminal();
    new Bars(terminal).advance('a', 1);
    expect(terminal.writes).toBe(0);
  });
});
