// SPDX-License-Identifier: Apache-2.0
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EntryParser, type LogOptions, LogReader, readLog } from '../../../src/runtime/containers/logs.ts';
import { random } from '../../support/random.ts';

let directory = '';
let log = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'secure-logs-'));
  log = join(directory, 'log');
});
afterEach(() => rmSync(directory, { recursive: true }));

const line = (text: string, stream = 'stdout', time = '2026-01-01T00:00:00Z'): string =>
  `${JSON.stringify({ log: `${text}\n`, stream, time })}\n`;
const rotate = (): void => {
  renameSync(log, `${log}.1`);
  writeFileSync(log, '');
};

async function read(options: Partial<LogOptions> = {}): Promise<string[]> {
  const texts: string[] = [];
  const all = { follow: false, ended: async () => true, ...options };
  for await (const entries of readLog(directory, all))
    texts.push(...entries.map((entry) => `${entry.stream[3]}:${entry.log.trim()}`));
  return texts;
}

describe('EntryParser', () => {
  it('gives the same entries wherever the bytes are cut', () => {
    const bytes = Buffer.from(line('a') + line('grüße 💥', 'stderr') + line('c'));
    const { int, seed } = random();
    for (let round = 0; round < 300; round += 1) {
      const parser = new EntryParser();
      const texts: string[] = [];
      for (let at = 0, next = 0; at < bytes.length; at = next) {
        next = at + 1 + int(40);
        texts.push(...parser.push(bytes.subarray(at, next)).map((entry) => entry.log));
      }
      expect(texts, `seed ${seed}`).toEqual(['a\n', 'grüße 💥\n', 'c\n']);
    }
  });

  it.each(['{"log":"x"', '}{', 'null', '[]', '"x"', '{"log":1,"stream":"stdout","time":"t"}', '{"log":"x"}', ''])(
    'leaves out what is no entry: %s',
    (garbage) => {
      expect(
        new EntryParser().push(Buffer.from(`${line('a')}${garbage}\n${line('b')}`)).map((entry) => entry.log),
      ).toEqual(['a\n', 'b\n']);
    },
  );

  it('does not keep an endless line in memory, and goes on behind it', () => {
    const parser = new EntryParser();
    for (let i = 0; i < 64; i += 1) expect(parser.push(Buffer.alloc(64 * 1024, 'x'))).toEqual([]);
    expect(parser.push(Buffer.from(`end\n${line('after')}`)).map((entry) => entry.log)).toEqual(['after\n']);
  });
});

describe('readLog', () => {
  it('reads what was rotated first, and splits the streams', async () => {
    writeFileSync(`${log}.1`, line('old'));
    writeFileSync(log, line('new', 'stderr'));
    expect(await read()).toEqual(['o:old', 'e:new']);
  });
  it('is empty where nothing was logged', async () => {
    expect(await read()).toEqual([]);
  });
  it('does not show a last line that was never finished', async () => {
    writeFileSync(log, line('a') + line('half').slice(0, 20));
    expect(await read()).toEqual(['o:a']);
  });
  it('half a line at the end of a rotated file is not glued to the next file', async () => {
    writeFileSync(`${log}.1`, line('a') + line('half').slice(0, 20));
    writeFileSync(log, line('b'));
    expect(await read()).toEqual(['o:a', 'o:b']);
  });
  it.each<[Partial<LogOptions>, string[]]>([
    [{ tail: 2 }, ['o:3', 'o:4']],
    [{ tail: 0 }, []],
    [{ tail: 99 }, ['o:0', 'o:1', 'o:2', 'o:3', 'o:4']],
    [{ since: Date.parse('2026-01-01T00:00:03Z') }, ['o:3', 'o:4']],
    [{ since: Date.parse('2026-01-01T00:00:01Z'), tail: 1 }, ['o:4']],
  ])('%j', async (options, expected) => {
    writeFileSync(
      log,
      [0, 1, 2, 3, 4].map((i) => line(String(i), 'stdout', `2026-01-01T00:00:0${i}.000000001Z`)).join(''),
    );
    expect(await read(options)).toEqual(expected);
  });

  it('follows through growth and rotation to the end, with nothing lost and nothing twice', async () => {
    writeFileSync(log, line('0'));
    const steps = [
      () => appendFileSync(log, line('1')),
      () => appendFileSync(log, line('2').slice(0, 10)),
      () => {
        appendFileSync(log, line('2').slice(10) + line('3'));
        rotate();
      },
      () => appendFileSync(log, line('4')),
      rotate,
      () => appendFileSync(log, line('5')),
    ];
    const ended = async (): Promise<boolean> => {
      const step = steps.shift();
      step?.();
      return step === undefined;
    };
    expect(await read({ follow: true, ended })).toEqual(['o:0', 'o:1', 'o:2', 'o:3', 'o:4', 'o:5']);
  });

  it('a rotation between the two opens shows no file twice', async () => {
    writeFileSync(`${log}.1`, line('a'));
    // What a reader sees that opened `log` just before it was renamed.
    const reader = await LogReader.open(directory);
    rmSync(`${log}.1`);
    writeFileSync(log, line('b'));
    const texts: string[] = [];
    for (let entries = await reader.next(); entries !== undefined; entries = await reader.next())
      texts.push(...entries.map((entry) => entry.log));
    await reader.close();
    expect(texts).toEqual(['a\n', 'b\n']);
  });
});

describe('the local driver', () => {
  const frame = (text: string, stream = 'o', time = '2026-01-01T00:00:00.000000001Z'): string =>
    `${stream} ${time} ${Buffer.byteLength(text)}\n${text}\n`;

  it('gives the same entries wherever the bytes are cut, whatever they hold', () => {
    const bytes = Buffer.from(frame('a\n') + frame('o 2026-01-01T00:00:00Z 3\n', 'e') + frame('grüße\n{"log":'));
    const { int, seed } = random();
    for (let round = 0; round < 300; round += 1) {
      const parser = new EntryParser();
      const entries = [];
      for (let at = 0, next = 0; at < bytes.length; at = next) {
        next = at + 1 + int(20);
        entries.push(...parser.push(bytes.subarray(at, next)).map(({ log: text, stream }) => `${stream}:${text}`));
      }
      expect(entries, `seed ${seed}`).toEqual([
        'stdout:a\n',
        'stderr:o 2026-01-01T00:00:00Z 3\n',
        'stdout:grüße\n{"log":',
      ]);
    }
  });

  it.each(['o x 3\nabc\n', 'o 2026-01-01T00:00:00Z 2\nabcd\n', 'x\n', 'o 2026-01-01T00:00:00Z 99999999\n'])(
    'leaves out what is damaged: %j',
    (garbage) => {
      const entries = new EntryParser().push(Buffer.from(frame('a\n') + garbage + frame('b\n')));
      expect(entries.map(({ log: text }) => text)).toEqual(['a\n', 'b\n']);
    },
  );

  it('an entry that was never finished is not shown, and does not hide the next file', async () => {
    writeFileSync(`${log}.1`, frame('a\n') + frame('half\n').slice(0, -3));
    writeFileSync(log, frame('b\n'));
    expect(await read()).toEqual(['o:a', 'o:b']);
  });
});

describe('many files', () => {
  const shift = (files: number): void => {
    for (let n = files - 1; n > 0; n -= 1) {
      const from = n === 1 ? log : `${log}.${n - 1}`;
      try {
        renameSync(from, `${log}.${n}`);
      } catch {
        // Not there yet.
      }
    }
    writeFileSync(log, '');
  };

  it('are read oldest first', async () => {
    for (const n of [1, 2, 3, 4]) {
      appendFileSync(log, line(String(n)));
      if (n < 4) shift(4);
    }
    expect(await read()).toEqual(['o:1', 'o:2', 'o:3', 'o:4']);
  });

  it('are followed over several rotations between two looks', async () => {
    writeFileSync(log, line('0'));
    const steps = [
      () => {
        for (const n of [1, 2, 3]) {
          appendFileSync(log, line(String(n)));
          shift(5);
        }
      },
      () => appendFileSync(log, line('4')),
      () => {
        // More than are kept: what is gone is gone, the rest comes in order.
        for (const n of [5, 6, 7]) {
          shift(2);
          appendFileSync(log, line(String(n)));
        }
        for (const n of [2, 3, 4]) rmSync(`${log}.${n}`, { force: true });
      },
    ];
    const ended = async (): Promise<boolean> => {
      const step = steps.shift();
      step?.();
      return step === undefined;
    };
    expect(await read({ follow: true, ended })).toEqual(['0', '1', '2', '3', '4', '6', '7'].map((n) => `o:${n}`));
  });
});
