// SPDX-License-Identifier: Apache-2.0
// The image config that a build changes step by step. What it does not know of the base's document stays in it.
import { createHash } from 'node:crypto';
import { DEFAULT_PATH } from '../images/import/rootfs.ts';
import { type ImageConfig, readConfig } from '../images/oci/config.ts';
import { LAYER_LIMIT } from '../images/oci/manifest.ts';
import type { Platform } from '../images/oci/platform.ts';
import { failed } from './problems.ts';

/** `config` of image-spec, as it is written. */
export interface ConfigFields {
  User?: string;
  Env?: string[];
  Entrypoint?: string[] | null;
  Cmd?: string[] | null;
  WorkingDir?: string;
  StopSignal?: string;
  Healthcheck?: {
    Test: string[];
    Interval?: number;
    Timeout?: number;
    StartPeriod?: number;
    StartInterval?: number;
    Retries?: number;
  };
  ExposedPorts?: Record<string, object>;
  Volumes?: Record<string, object>;
  Labels?: Record<string, string>;
  OnBuild?: string[] | null;
  Shell?: string[];
  ArgsEscaped?: boolean;
}

export interface HistoryStep {
  created?: string;
  created_by: string;
  author?: string;
  empty_layer?: boolean;
}

interface Document extends Record<string, unknown> {
  config?: ConfigFields;
  history?: HistoryStep[];
  rootfs: { type: 'layers'; diff_ids: string[] };
}

/** The config of one stage, as far as it is built. */
export class StageConfig {
  readonly #document: Document;

  private constructor(document: Document) {
    this.#document = document;
  }

  /** Of `FROM scratch`. */
  static empty(platform: Platform): StageConfig {
    return new StageConfig({
      ...platform,
      config: { Env: [DEFAULT_PATH] },
      rootfs: { type: 'layers', diff_ids: [] },
      history: [],
    });
  }

  /** Of an image: its config as it is stored, which was validated. */
  static of(bytes: Buffer): StageConfig {
    const document = JSON.parse(bytes.toString('utf8')) as Document;
    const history = document.history ?? [];
    const told = history.filter((step) => step.empty_layer !== true).length;
    // A layer that no step accounts for would be taken for that of the next one.
    const untold = Array.from({ length: Math.max(document.rootfs.diff_ids.length - told, 0) }, () => ({
      created_by: 'base layer',
    }));
    return new StageConfig({ ...document, history: [...untold, ...history] });
  }

  /** A stage that stands on this one changes a copy. */
  copy(): StageConfig {
    return new StageConfig(structuredClone(this.#document));
  }

  get fields(): ConfigFields {
    this.#document.config ??= {};
    return this.#document.config;
  }

  /** Variables by name, in order. */
  get environment(): Map<string, string> {
    return new Map(
      (this.fields.Env ?? []).map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
    );
  }

  setEnvironment(name: string, value: string): void {
    const all = this.environment.set(name, value);
    this.fields.Env = [...all].map(([key, text]) => `${key}=${text}`);
  }

  get diffIds(): readonly string[] {
    return this.#document.rootfs.diff_ids;
  }

  add(step: HistoryStep, diffId: string | undefined): void {
    if (diffId !== undefined && this.diffIds.length >= LAYER_LIMIT)
      throw failed(`the image would have more than ${LAYER_LIMIT} layers`, 'do more in one RUN or COPY');
    if (diffId !== undefined) this.#document.rootfs.diff_ids.push(diffId);
    this.#document.history = [
      ...(this.#document.history ?? []),
      { ...step, ...(diffId === undefined ? { empty_layer: true } : {}) },
    ];
  }

  /** A step that changes no file: as old as what it stands on. */
  say(by: string): void {
    const { created } = this;
    this.add({ ...(created === undefined ? {} : { created }), created_by: by }, undefined);
  }

  /** When the last of its steps was done, RFC 3339; undefined: nothing is known to have been. */
  get created(): string | undefined {
    const { created } = this.#document;
    const last = this.#document.history?.findLast((step) => typeof step.created === 'string')?.created;
    return last ?? (typeof created === 'string' ? created : undefined);
  }

  set author(name: string) {
    this.#document.author = name;
  }

  /** The document, and whether it is one that this program reads. @param created RFC 3339 @throws SecureError CONFIG_CORRUPT */
  bytes(created: string): Buffer {
    const { created: _, config, rootfs, history, ...rest } = this.#document;
    const data = Buffer.from(JSON.stringify({ created, ...rest, config, rootfs, history }));
    readConfig(data, rootfs.diff_ids.length, 'the image that was built');
    return data;
  }

  /** As a plan needs it. */
  read(): ImageConfig {
    return readConfig(this.bytes('1970-01-01T00:00:00Z'), this.diffIds.length, 'the image as far as it is built');
  }

  /** What the result of a step depends on, besides the step. */
  get digest(): string {
    const { User, Env, WorkingDir, Shell } = this.fields;
    return createHash('sha256')
      .update(JSON.stringify([User, Env, WorkingDir, Shell]))
      .digest('hex');
  }

  get shell(): readonly string[] {
    return this.fields.Shell ?? ['/bin/sh', '-c'];
  }

  /** What images made from this one run at their FROM, and no longer here. */
  takeTriggers(): readonly string[] {
    const triggers = this.fields.OnBuild ?? [];
    delete this.fields.OnBuild;
    return triggers;
  }
}

/** A duration of HEALTHCHECK (`1m30s`) in nanoseconds; undefined when it is none. */
export function duration(text: string): number | undefined {
  const units: Readonly<Record<string, number>> = { h: 3600e9, m: 60e9, s: 1e9, ms: 1e6, us: 1e3, µs: 1e3, ns: 1 };
  if (text === '0') return 0;
  if (!/^(?:\d+(?:\.\d+)?(?:h|ms|m|s|us|µs|ns))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, number = '', unit = ''] of text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s|us|µs|ns)/g))
    total += Number(number) * (units[unit] ?? 0);
  return Number.isSafeInteger(Math.round(total)) ? Math.round(total) : undefined;
}
