// SPDX-License-Identifier: Apache-2.0
// How a detached container is asked whether it works: the image's HEALTHCHECK, and what the request says instead.
import { SecureError } from '../../errors.ts';
import { type Context, invalid, withoutNul } from './context.ts';
import type { HealthSpec } from './spec.ts';
import type { HealthRequest, ImageHealthcheck } from './types.ts';

/** As docker has them. */
const DEFAULTS = { interval: 30_000, timeout: 30_000, startPeriod: 0, startInterval: 5_000, retries: 3 } as const;
const DAY = 86_400_000;
/** A shorter one would be most of what the container does. */
const LEAST = 100;

const shell = (line: string): string[] => ['/bin/sh', '-c', line];

/** undefined: the image has none, or takes back what its base has. */
function imageCommand({ test }: ImageHealthcheck): string[] | undefined {
  const [kind, ...rest] = test;
  if (kind === 'NONE') return undefined;
  const [line, ...more] = rest;
  if (kind === 'CMD' && line !== undefined && line !== '') return rest;
  if (kind === 'CMD-SHELL' && line !== undefined && more.length === 0) return shell(line);
  throw new SecureError('CONFIG_CORRUPT', `the image's Healthcheck/Test is ${JSON.stringify(test).slice(0, 200)}`, {
    hint: '["CMD", PROGRAM, ARGUMENT…], ["CMD-SHELL", LINE] or ["NONE"]; --no-healthcheck leaves it out',
  });
}

function bounded(flag: string, value: number, least: number, most: number, unit: string): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw invalid(flag, String(value), `from ${least} to ${most}${unit}`);
}

/** Docker writes 0 for what a build file left out. */
const set = (value: number | undefined): number | undefined => (value === 0 ? undefined : value);

/** @throws SecureError INVALID_VALUE, USAGE, CONFIG_CORRUPT */
export function planHealth({ request, image }: Context): HealthSpec | null {
  const { health, detach, noHealthcheck = false } = request;
  if (noHealthcheck && health !== undefined)
    throw new SecureError('USAGE', '--no-healthcheck contradicts the other --health flags');
  if (health !== undefined && !detach)
    throw new SecureError('USAGE', '--health flags need -d', {
      hint: 'the monitor of a detached container asks; in the foreground you see for yourself',
    });
  if (noHealthcheck || !detach) return null;
  const own: ImageHealthcheck | undefined = image.config.healthcheck;
  const command =
    health?.command === undefined
      ? own === undefined
        ? undefined
        : imageCommand(own)
      : shell(withoutNul('--health-cmd', health.command));
  if (command === undefined) {
    if (health === undefined) return null;
    throw new SecureError('USAGE', 'there is nothing to ask: the image has no HEALTHCHECK', {
      hint: 'give one with --health-cmd',
    });
  }
  const pick = (key: keyof Omit<HealthRequest, 'command'>): number => health?.[key] ?? set(own?.[key]) ?? DEFAULTS[key];
  return {
    command,
    intervalMs: bounded('--health-interval', pick('interval'), LEAST, DAY, ' ms'),
    timeoutMs: bounded('--health-timeout', pick('timeout'), LEAST, DAY, ' ms'),
    startPeriodMs: bounded('--health-start-period', pick('startPeriod'), 0, DAY, ' ms'),
    startIntervalMs: bounded('--health-start-interval', pick('startInterval'), LEAST, DAY, ' ms'),
    retries: bounded('--health-retries', pick('retries'), 1, 1000, ''),
  };
}
