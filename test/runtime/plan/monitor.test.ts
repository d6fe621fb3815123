// SPDX-License-Identifier: Apache-2.0
// What happens around the container's process: log, restart policy, health check.
import { expect, test } from 'vitest';
import { outcome, plan } from './facts.ts';

const monitor = (request: object, config: object = {}) =>
  plan('default', { request: { detach: true, ...request }, config }).secure.monitor;

test('by default: bounded JSON, no restart, no health check', () => {
  expect(monitor({})).toMatchObject({
    log: { driver: 'json-file', maxBytes: 10_485_760, maxFiles: 2 },
    restart: { policy: 'no', retries: null },
    health: null,
  });
});

test('a log is bounded whatever is asked for', () => {
  expect(monitor({ log: { driver: 'local', maxBytes: 65_536, maxFiles: 7 } }).log).toEqual({
    driver: 'local',
    maxBytes: 65_536,
    maxFiles: 7,
  });
  for (const log of [
    { maxBytes: 65_535 },
    { maxBytes: 2 ** 30 + 1 },
    { maxBytes: -1 },
    { maxBytes: 1e6 + 0.5 },
    { maxBytes: Number.NaN },
    { maxFiles: 0 },
    { maxFiles: 101 },
    { maxFiles: 1.5 },
    { maxBytes: 2 ** 30, maxFiles: 5 },
  ])
    expect(outcome('default', { request: { log } }), JSON.stringify(log)).toBe('INVALID_VALUE');
});

test('a restart needs a monitor, and something that is left to start', () => {
  expect(monitor({ restart: { policy: 'on-failure', retries: 3 } }).restart).toEqual({
    policy: 'on-failure',
    retries: 3,
  });
  expect(monitor({ restart: { policy: 'unless-stopped' } }).restart).toEqual({
    policy: 'unless-stopped',
    retries: null,
  });
  const refused = [
    { restart: { policy: 'always' } },
    { detach: true, remove: true, restart: { policy: 'always' } },
    { detach: true, restart: { policy: 'always', retries: 1 } },
    { detach: true, restart: { policy: 'on-failure', retries: 0 } },
    { detach: true, restart: { policy: 'on-failure', retries: 1.5 } },
  ] as const;
  for (const request of refused) expect(outcome('default', { request }), JSON.stringify(request)).toBe('INVALID_VALUE');
  expect(outcome('default', { request: { restart: { policy: 'no' }, remove: true } })).toBe('planned');
});

const CHECK = { test: ['CMD', '/bin/check', '-q'], interval: 1000, retries: 0 };

test('the health check of the image, with defaults for what it leaves out', () => {
  expect(monitor({}, { healthcheck: CHECK }).health).toEqual({
    command: ['/bin/check', '-q'],
    intervalMs: 1000,
    timeoutMs: 30_000,
    startPeriodMs: 0,
    startIntervalMs: 5000,
    retries: 3,
  });
  expect(monitor({}, { healthcheck: { test: ['CMD-SHELL', 'a || b'] } }).health?.command).toEqual([
    '/bin/sh',
    '-c',
    'a || b',
  ]);
  expect(monitor({}, { healthcheck: { test: ['NONE'] } }).health).toBeNull();
  expect(monitor({ noHealthcheck: true }, { healthcheck: CHECK }).health).toBeNull();
  expect(monitor({ detach: false }, { healthcheck: CHECK }).health).toBeNull();
});

test('the request changes it part by part', () => {
  const health = { timeout: 200, startPeriod: 5000, retries: 9 };
  expect(monitor({ health }, { healthcheck: CHECK }).health).toMatchObject({
    command: ['/bin/check', '-q'],
    intervalMs: 1000,
    timeoutMs: 200,
    startPeriodMs: 5000,
    retries: 9,
  });
  expect(monitor({ health: { command: 'true' } }, { healthcheck: { test: ['NONE'] } }).health?.command).toEqual([
    '/bin/sh',
    '-c',
    'true',
  ]);
});

test.each<[string, object, object?]>([
  ['USAGE', { detach: true, health: { interval: 1000 } }],
  ['USAGE', { detach: true, health: { interval: 1000 } }, { test: ['NONE'] }],
  ['USAGE', { health: { command: 'true' } }],
  ['USAGE', { detach: true, noHealthcheck: true, health: { command: 'true' } }],
  ['INVALID_VALUE', { detach: true, health: { command: 'true', interval: 99 } }],
  ['INVALID_VALUE', { detach: true, health: { command: 'true', timeout: 86_400_001 } }],
  ['INVALID_VALUE', { detach: true, health: { command: 'true', retries: 0 } }],
  ['INVALID_VALUE', { detach: true, health: { command: 'a\0b' } }],
  ['CONFIG_CORRUPT', { detach: true }, { test: ['CMD'] }],
  ['CONFIG_CORRUPT', { detach: true }, { test: ['CMD', ''] }],
  ['CONFIG_CORRUPT', { detach: true }, { test: ['CMD-SHELL', 'a', 'b'] }],
  ['CONFIG_CORRUPT', { detach: true }, { test: ['SHELL', 'a'] }],
])('%s: %j %j', (code, request, healthcheck) => {
  expect(outcome('default', { request, config: healthcheck === undefined ? {} : ({ healthcheck } as object) })).toBe(
    code,
  );
});
