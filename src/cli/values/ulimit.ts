// SPDX-License-Identifier: Apache-2.0
import type { LimitRequest } from '../../runtime/plan/types.ts';
import { invalidValue } from '../read.ts';

/** getrlimit(2), in the lower-case names of docker. */
const NAMES: ReadonlySet<string> = new Set([
  'as',
  'core',
  'cpu',
  'data',
  'fsize',
  'locks',
  'memlock',
  'msgqueue',
  'nice',
  'nofile',
  'nproc',
  'rss',
  'rtprio',
  'rttime',
  'sigpending',
  'stack',
]);

function amount(text: string): number {
  if (text === '-1' || text === 'unlimited') return Number.POSITIVE_INFINITY;
  return /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
}

const wire = (value: number): number => (value === Number.POSITIVE_INFINITY ? -1 : value);

/** `nofile=1024:2048` or `nofile=1024` for both; -1 is unlimited. @throws SecureError INVALID_VALUE */
export function parseUlimit(flag: string, text: string): LimitRequest['ulimits'][number] {
  const match = /^([a-z]+)=([^:]*)(?::([^:]*))?$/.exec(text);
  const [name, softText] = [match?.[1] ?? '', match?.[2] ?? ''];
  const [soft, hard] = [amount(softText), amount(match?.[3] ?? softText)];
  if (!NAMES.has(name)) throw invalidValue(flag, text, `NAME=SOFT[:HARD] with a name of ${[...NAMES].join(', ')}`);
  if (!(soft <= hard)) throw invalidValue(flag, text, 'NAME=SOFT[:HARD], SOFT not above HARD, -1 for no limit');
  return { name, soft: wire(soft), hard: wire(hard) };
}
