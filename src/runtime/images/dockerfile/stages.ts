// SPDX-License-Identifier: Apache-2.0
// From instructions to stages: variables replaced, and which stage stands on which.
import { SecureError } from '../../../errors.ts';
import { expand, type Variables } from './expand.ts';
import type { Raw } from './instructions.ts';
import { invalid } from './lines.ts';
import type { Source } from './mapped.ts';
import type { Base, Instruction, Stage } from './types.ts';
import { unquote } from './words.ts';

/** No real file has as many; each is looked through for a variable that the last one uses. */
const STAGE_LIMIT = 256;

/** Variables of one stage: ENV is inherited from the stage below and hides ARG. */
class Scope implements Variables {
  readonly #environment = new Map<string, string | undefined>();
  readonly #args = new Map<string, string | undefined>();
  readonly #below: Scope | undefined;

  constructor(below?: Scope) {
    this.#below = below;
  }

  #inherited(name: string): Map<string, string | undefined> | undefined {
    let scope: Scope | undefined = this;
    while (scope !== undefined && !scope.#environment.has(name)) scope = scope.#below;
    return scope === undefined ? undefined : scope.#environment;
  }

  has(name: string): boolean {
    return this.#args.has(name) || this.#inherited(name) !== undefined;
  }

  get(name: string): string | undefined {
    return (this.#inherited(name) ?? this.#args).get(name);
  }

  set(keyword: string, name: string, value: string | undefined): void {
    (keyword === 'ENV' ? this.#environment : this.#args).set(name, value);
  }
}

interface Draft {
  readonly index: number;
  readonly alias: string | undefined;
  readonly base: Base;
  readonly from: Instruction;
  readonly instructions: Instruction[];
  readonly scope: Scope;
  readonly uses: Set<number>;
}

/** Replaces variables in one instruction, and adds what it sets to the scope. */
function settle(raw: Raw, source: Source, scope: Scope, globals: Scope | undefined, escaper: string): Instruction {
  const { rawSettings, start, ...rest } = raw;
  const settings = rawSettings.map(({ name, value, raw: piece }) => {
    const inherited = value === undefined && globals !== undefined ? globals.get(name) : undefined;
    const expanded = value === undefined ? inherited : expand(value, scope, escaper);
    return {
      name,
      value: value === undefined ? undefined : unquote(value, escaper),
      raw: value,
      expanded,
      region: source.of(piece, start),
    };
  });
  if (rest.keyword !== 'LABEL' && !rest.onbuild)
    for (const { name, expanded } of settings) scope.set(rest.keyword, name, expanded);
  const programs = ['RUN', 'CMD', 'ENTRYPOINT', 'SHELL', 'HEALTHCHECK'].includes(rest.keyword);
  const expanded = rest.words.map(({ raw, value }) => (programs ? value : expand(raw, scope, escaper)));
  return { ...rest, settings, expanded };
}

/** A stage by its name, the last of those that have it, or its number. */
export function findStage<T extends Pick<Stage, 'alias'>>(stages: readonly T[], name: string): T | undefined {
  const named = stages.findLast(({ alias }) => alias?.toLowerCase() === name.toLowerCase());
  return named ?? (/^\d{1,5}$/.test(name) ? stages[Number(name)] : undefined);
}

/** The stage or image that `--mount=` takes files from. */
export const imageOfMount = (value: string): string | undefined => /(?:^|,)from=([^,]*)/.exec(value)?.[1];

/** The stages of a file, in order. Throws DOCKERFILE_INVALID. */
export class Stages {
  readonly globals: Instruction[] = [];
  readonly #globalScope: Scope = new Scope();
  readonly #drafts: Draft[] = [];
  /** Lower-cased alias to the last stage of that name. */
  readonly #aliases = new Map<string, number>();
  readonly #source: Source;
  readonly #name: string;
  readonly #escaper: string;

  constructor(source: Source, name: string, escaper: string) {
    this.#source = source;
    this.#name = name;
    this.#escaper = escaper;
  }

  add(raw: Raw): void {
    const current = this.#drafts.at(-1);
    if (raw.keyword === 'FROM') {
      this.#from(raw);
    } else if (current !== undefined) {
      const instruction = settle(raw, this.#source, current.scope, this.#globalScope, this.#escaper);
      current.instructions.push(instruction);
      this.#use(instruction, current);
    } else if (raw.keyword === 'ARG') {
      this.globals.push(settle(raw, this.#source, this.#globalScope, undefined, this.#escaper));
    } else {
      throw invalid(
        this.#source,
        this.#name,
        raw.start,
        `${raw.keyword} before the first FROM; only ARG may stand there`,
      );
    }
  }

  #from(raw: Raw): void {
    const from = settle(raw, this.#source, this.#globalScope, undefined, this.#escaper);
    const [, as, alias] = from.words;
    const count = from.words.length;
    if (count !== 1 && !(count === 3 && as?.value.toUpperCase() === 'AS'))
      throw invalid(this.#source, this.#name, raw.start, 'FROM takes an image, and AS with a name: FROM IMAGE AS NAME');
    const index = this.#drafts.length;
    if (index >= STAGE_LIMIT)
      throw new SecureError('LIMIT_EXCEEDED', `${this.#name} has more than ${STAGE_LIMIT} stages`, {
        hint: 'split it into several files',
      });
    const base = this.#base(from.expanded[0]);
    const scope = new Scope(base.kind === 'stage' ? this.#drafts[base.stage]?.scope : undefined);
    this.#drafts.push({ index, alias: alias?.value, base, from, instructions: [from], scope, uses: new Set() });
    if (alias !== undefined) this.#aliases.set(alias.value.toLowerCase(), index);
  }

  #base(reference: string | undefined): Base {
    if (reference === undefined || reference === '') return { kind: 'unknown' };
    const stage = this.#aliases.get(reference.toLowerCase());
    if (stage !== undefined) return { kind: 'stage', stage };
    return reference === 'scratch' ? { kind: 'scratch' } : { kind: 'image', reference };
  }

  /** COPY --from and RUN --mount=from= name a stage by alias or number. */
  #use({ keyword, flags }: Instruction, current: Draft): void {
    for (const { name, value } of flags) {
      const from = name === 'from' && keyword === 'COPY' ? value : name === 'mount' ? imageOfMount(value) : undefined;
      if (from === undefined) continue;
      const stage = findStage(this.#drafts.slice(0, current.index), from);
      if (stage !== undefined) current.uses.add(stage.index);
    }
  }

  /** All stages, and those that the last one stands on, lowest first. */
  done(): { stages: Stage[]; final: Stage[] } {
    const stages = this.#drafts.map(({ index, alias, base, from, instructions, uses }): Stage => {
      const word = from.words[0];
      if (word === undefined) throw new Error('FROM without an image');
      return { index, alias, base, from: word, instructions, uses: [...uses] };
    });
    const final: Stage[] = [];
    for (let stage = stages.at(-1); stage !== undefined; ) {
      final.push(stage);
      stage = stage.base.kind === 'stage' ? stages[stage.base.stage] : undefined;
    }
    return { stages, final: final.reverse() };
  }
}
