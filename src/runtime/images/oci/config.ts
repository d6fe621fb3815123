// SPDX-License-Identifier: Apache-2.0
import type { ImageFacts } from '../../plan/types.ts';
import { isDiffId } from '../digest.ts';
import { JsonObject } from './json.ts';
import { LAYER_LIMIT } from './manifest.ts';
import { type Platform, readPlatform } from './platform.ts';

/** An image config (image-spec "Image Configuration"), validated; what a run does not need is left out. */
export interface ImageConfig {
  readonly platform: Platform;
  readonly created: string | null;
  readonly config: ImageFacts['config'];
  /** Lowest first. */
  readonly diffIds: readonly string[];
}

const LIST_LIMIT = 10_000;

function environment(json: JsonObject): string[] {
  const env = json.strings('Env', LIST_LIMIT);
  env.forEach((entry, i) => {
    if (entry.indexOf('=') < 1) throw json.fail(`Env/${i}`, 'is not NAME=VALUE');
  });
  return env;
}

const NS = 1_000_000;
/** 104 days. */
const LONGEST = Number.MAX_SAFE_INTEGER;

/** Not of image-spec: what docker and buildah write for HEALTHCHECK. Nanoseconds there, milliseconds here. */
function healthcheck(json: JsonObject): Pick<ImageFacts['config'], 'healthcheck'> {
  const health = json.optionalObject('Healthcheck');
  const test = health?.strings('Test', LIST_LIMIT) ?? [];
  // Without a test it says nothing of its own.
  if (health === undefined || test.length === 0) return {};
  const time = (key: string, name: string) =>
    health.has(key) ? { [name]: Math.ceil(health.integer(key, LONGEST) / NS) } : {};
  return {
    healthcheck: {
      test,
      ...time('Interval', 'interval'),
      ...time('Timeout', 'timeout'),
      ...time('StartPeriod', 'startPeriod'),
      ...time('StartInterval', 'startInterval'),
      ...(health.has('Retries') ? { retries: health.integer('Retries', 1_000_000) } : {}),
    },
  };
}

function settings(json: JsonObject): ImageFacts['config'] {
  const stopSignal = json.string('StopSignal', '');
  return {
    user: json.string('User', ''),
    env: environment(json),
    entrypoint: json.strings('Entrypoint', LIST_LIMIT),
    cmd: json.strings('Cmd', LIST_LIMIT),
    workingDir: json.string('WorkingDir', ''),
    ...(stopSignal === '' ? {} : { stopSignal }),
    ...healthcheck(json),
    volumes: json.keys('Volumes', LIST_LIMIT),
    exposedPorts: json.keys('ExposedPorts', LIST_LIMIT),
    labels: json.stringMap('Labels', LIST_LIMIT),
  };
}

/** Throws CONFIG_CORRUPT naming the field. `layers` is how many layers the manifest lists. */
export function readConfig(bytes: Buffer, layers: number, what: string): ImageConfig {
  const json = JsonObject.parse(bytes, 'CONFIG_CORRUPT', what);
  const rootfs = json.object('rootfs');
  if (rootfs.string('type') !== 'layers') throw rootfs.fail('type', 'is not "layers"');
  const diffIds = rootfs.strings('diff_ids', LAYER_LIMIT);
  diffIds.forEach((id, i) => {
    if (!isDiffId(id)) throw rootfs.fail(`diff_ids/${i}`, 'is no sha256 digest');
  });
  if (diffIds.length !== layers) throw rootfs.fail('diff_ids', `has ${diffIds.length} entries for ${layers} layers`);
  const inner = json.optionalObject('config') ?? new JsonObject({}, 'CONFIG_CORRUPT', what, '/config');
  return {
    platform: readPlatform(json),
    created: json.string('created', '') || null,
    config: settings(inner),
    diffIds,
  };
}
