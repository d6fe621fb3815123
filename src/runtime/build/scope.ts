// SPDX-License-Identifier: Apache-2.0
// Variables of a build: ARG before the first FROM, ARG of a stage, ENV of its image. ENV hides ARG.
import { expand, expandText } from '../images/dockerfile/expand.ts';
import type { Instruction, Setting } from '../images/dockerfile/types.ts';
import type { Platform } from '../images/oci/platform.ts';
import type { StageConfig } from './image-config.ts';
import { failed } from './problems.ts';

/** Given to every step without being declared, and no part of what a step depends on (BuildKit's predefined ARGs). */
export const PROXIES = ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY', 'ALL_PROXY'].flatMap((name) => [
  name,
  name.toLowerCase(),
]);

/** BuildKit's "Automatic platform ARGs in the global scope". */
export function platformArgs({ os, architecture, variant }: Platform): Map<string, string> {
  const found = new Map<string, string>();
  for (const prefix of ['TARGET', 'BUILD']) {
    found.set(`${prefix}PLATFORM`, [os, architecture, ...(variant === undefined ? [] : [variant])].join('/'));
    found.set(`${prefix}OS`, os);
    found.set(`${prefix}ARCH`, architecture);
    found.set(`${prefix}VARIANT`, variant ?? '');
  }
  return found;
}

export class Scope {
  readonly #given: ReadonlyMap<string, string>;
  readonly #outer: ReadonlyMap<string, string>;
  readonly #escaper: string;
  readonly #config: StageConfig | undefined;
  readonly #args = new Map<string, string>();

  /** @param given what the user gave @param outer what stands before the first FROM @param config of the stage */
  constructor(
    given: ReadonlyMap<string, string>,
    outer: ReadonlyMap<string, string>,
    escaper: string,
    config?: StageConfig,
  ) {
    this.#given = given;
    this.#outer = outer;
    this.#escaper = escaper;
    this.#config = config;
  }

  /** ARG with values, and what is not given at all left out. */
  get args(): ReadonlyMap<string, string> {
    return this.#args;
  }

  declare(settings: readonly Setting[]): void {
    for (const { name, raw } of settings) {
      const value = this.#given.get(name) ?? (raw === undefined ? this.#outer.get(name) : this.#expand(raw));
      if (value !== undefined) this.#args.set(name, value);
    }
  }

  #variables() {
    const environment = this.#config?.environment;
    // Before a FROM, what is known of the platform counts without being declared.
    const last = this.#config === undefined ? this.#outer : undefined;
    const find = (name: string) => environment?.get(name) ?? this.#args.get(name) ?? last?.get(name);
    return { get: (name: string) => find(name) ?? '', has: (name: string) => find(name) !== undefined, complete: true };
  }

  #expand(raw: string): string | undefined {
    return expand(raw, this.#variables(), this.#escaper);
  }

  /** A word with quotes removed and variables replaced. @throws SecureError BUILD_FAILED */
  word(raw: string, { region }: Pick<Instruction, 'region'>, file: string): string {
    const value = this.#expand(raw);
    if (value !== undefined) return value;
    throw failed(
      `${file}:${region.startLine}: ${JSON.stringify(raw.slice(0, 200))} cannot be expanded`,
      'a variable that is required is missing, a modifier unknown or the text too long',
      {
        file,
        line: region.startLine,
      },
    );
  }

  /** A here-document. */
  text(content: string): string {
    return expandText(content, this.#variables(), this.#escaper) ?? content;
  }
}
