// SPDX-License-Identifier: Apache-2.0
// What a change of a policy changes: the values of containers, the rules, and what is decided about things that are at hand.
import { CONTROL_NAMES, CONTROLS } from './controls.ts';
import { signatureChanges } from './image-rules.ts';
import type { Lattice } from './lattice.ts';
import { allowance } from './merge.ts';
import { type Answer, answerOf } from './rules/answer.ts';
import type { Evaluator, Subject } from './rules/evaluate.ts';
import type { Exception, Expression, Rule } from './rules/types.ts';
import type { ControlName, EffectivePolicy } from './types.ts';

/** `looser`: something is possible that was not. */
export type Direction = 'tighter' | 'looser' | 'other';

export interface Change {
  readonly section: 'run' | 'ceilings' | 'parameters' | 'images' | 'rules' | 'exceptions';
  readonly name: string;
  readonly direction: Direction;
  /** Undefined: it was not there, or is not there any more. */
  readonly from?: string;
  readonly to?: string;
}

function controlChange(section: 'run' | 'ceilings', name: ControlName, a: unknown, b: unknown): Change[] {
  const lattice = CONTROLS[name].lattice as Lattice<unknown>;
  const [looser, tighter] = [lattice.loosens(a, b), lattice.loosens(b, a)];
  const [from, to] = [lattice.show(a), lattice.show(b)];
  if (!looser && !tighter && from === to) return [];
  return [{ section, name, direction: looser ? 'looser' : tighter ? 'tighter' : 'other', from, to }];
}

/** What containers get, and how far policies and workloads on top may go, where that is further. */
function controlChanges(before: EffectivePolicy, after: EffectivePolicy): Change[] {
  return CONTROL_NAMES.flatMap((name): Change[] => {
    const [own, other] = [before.run[name].value, after.run[name].value] as unknown[];
    const most = ({ run, ceilings }: EffectivePolicy) => allowance(name, run, ceilings)?.value;
    const same = (a: unknown, b: unknown) => controlChange('run', name, a, b).length === 0;
    const bounds =
      same(own, most(before)) && same(other, most(after))
        ? []
        : controlChange('ceilings', name, most(before), most(after));
    return [...controlChange('run', name, own, other), ...bounds];
  });
}

const textOf = (expression: Expression | undefined) => expression?.text ?? '';
/** What a rule decides by: not its words, nor its place. */
const substance = ({ target, enforcement, match, when, require, exceptions }: Rule) =>
  JSON.stringify([target, enforcement, match, textOf(when), textOf(require), exceptions]);
const told = ({ target, enforcement, require }: Rule) => `${target}, ${enforcement}: ${require.text}`;

function ruleChanges(before: readonly Rule[], after: readonly Rule[]): Change[] {
  const [old, now] = [new Map(before.map((rule) => [rule.id, rule])), new Map(after.map((rule) => [rule.id, rule]))];
  const section = 'rules' as const;
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((name): Change[] => {
    const [a, b] = [old.get(name), now.get(name)];
    if (a === undefined) return b === undefined ? [] : [{ section, name, direction: 'tighter', to: told(b) }];
    if (b === undefined) return [{ section, name, direction: 'looser', from: told(a) }];
    if (substance(a) === substance(b)) return [];
    // What an expression lets through is not known; that a rule only speaks from now on is.
    const only = substance({ ...a, enforcement: b.enforcement }) === substance(b);
    const direction = only ? (b.enforcement === 'warn' ? 'looser' : 'tighter') : 'other';
    return [{ section, name, direction, from: told(a), to: told(b) }];
  });
}

const shown = ({ rule, match, owner, expires }: Exception) =>
  `${rule}${match.length === 0 ? '' : ` for ${match.join(' ')}`}, ${owner}, until ${expires}`;

function exceptionChanges(before: readonly Exception[], after: readonly Exception[]): Change[] {
  const [old, now] = [new Set(before.map(shown)), new Set(after.map(shown))];
  const section = 'exceptions' as const;
  return [
    ...after
      .filter((each) => !old.has(shown(each)))
      .map((each): Change => ({ section, name: each.rule, direction: 'looser', to: shown(each) })),
    ...before
      .filter((each) => !now.has(shown(each)))
      .map((each): Change => ({ section, name: each.rule, direction: 'tighter', from: shown(each) })),
  ];
}

function parameterChanges(
  before: EffectivePolicy['book']['parameters'],
  after: EffectivePolicy['book']['parameters'],
): Change[] {
  const section = 'parameters' as const;
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((name): Change[] => {
    const [from, to] = [before[name], after[name]].map((each) =>
      each === undefined ? undefined : JSON.stringify(each.value),
    );
    if (from === to) return [];
    return [
      {
        section,
        name,
        direction: 'other',
        ...(from === undefined ? {} : { from }),
        ...(to === undefined ? {} : { to }),
      },
    ];
  });
}

export function policyChanges(before: EffectivePolicy, after: EffectivePolicy): Change[] {
  return [
    ...controlChanges(before, after),
    ...parameterChanges(before.book.parameters, after.book.parameters),
    ...signatureChanges(before.images, after.images).map((change): Change => ({ section: 'images', ...change })),
    ...ruleChanges(before.book.rules, after.book.rules),
    ...exceptionChanges(before.book.exceptions, after.book.exceptions),
  ];
}

export interface Changed {
  readonly name: string;
  readonly from: Answer;
  readonly to: Answer;
  /** Rules whose part in it is another one. */
  readonly rules: readonly string[];
}

const strictest = (answers: Iterable<Answer>): Answer => {
  const all = new Set(answers);
  return all.has('deny') ? 'deny' : all.has('warn') ? 'warn' : 'allow';
};

/** What is decided otherwise about one thing; undefined: nothing. */
export function changed(before: Evaluator, after: Evaluator, subject: Subject): Changed | undefined {
  const parts = (evaluator: Evaluator) =>
    new Map(evaluator.verdicts(subject).map((verdict) => [verdict.rule.id, answerOf(verdict)]));
  const [old, now] = [parts(before), parts(after)];
  const rules = [...new Set([...old.keys(), ...now.keys()])].filter(
    (id) => (old.get(id) ?? 'allow') !== (now.get(id) ?? 'allow'),
  );
  if (rules.length === 0) return undefined;
  return { name: subject.name, from: strictest(old.values()), to: strictest(now.values()), rules };
}
