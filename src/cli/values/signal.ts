// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:os';
import { invalidValue } from '../read.ts';

const NUMBERS: ReadonlyMap<string, number> = new Map(Object.entries(constants.signals));
const NAMES: ReadonlyMap<number, string> = new Map([...NUMBERS].reverse().map(([name, number]) => [number, name]));
/** As glibc counts them; the kernel's first two real-time signals belong to the thread library. */
const [RTMIN, RTMAX] = [34, 64];

function realTime(text: string): string | undefined {
  const match = /^RT(MIN|MAX)(?:([+-])(\d{1,2}))?$/.exec(text);
  if (match === null) return undefined;
  const offset = Number(match[3] ?? 0) * (match[2] === '-' ? -1 : 1);
  const number = (match[1] === 'MIN' ? RTMIN : RTMAX) + offset;
  return number >= RTMIN && number <= RTMAX ? `SIGRTMIN+${number - RTMIN}` : undefined;
}

/** `SIGTERM` for `TERM`, `sigterm` and `15`; `SIGRTMIN+3` for real-time signals. @throws SecureError INVALID_VALUE */
export function parseSignal(flag: string, text: string): string {
  const bare = text.toUpperCase().replace(/^SIG/, '');
  const number = /^\d{1,2}$/.test(text) ? Number(text) : undefined;
  const numbered =
    number === undefined
      ? undefined
      : (NAMES.get(number) ?? (number >= RTMIN && number <= RTMAX ? `SIGRTMIN+${number - RTMIN}` : undefined));
  const found = numbered ?? (NUMBERS.has(`SIG${bare}`) ? `SIG${bare}` : realTime(bare));
  if (found === undefined) throw invalidValue(flag, text, 'a signal such as SIGTERM, TERM or 15');
  return found;
}
