// SPDX-License-Identifier: Apache-2.0
// Parameters of several policies taken together: at their tightest, where their bounds say which way that is.
import type { Source } from '../types.ts';
import type { Parameter, ParameterValue, RuleBook } from './types.ts';

type Parameters = RuleBook['parameters'];

/** What two of the policies that a file extends do not agree about. */
export interface Clash {
  readonly name: string;
  readonly message: string;
  /** Whether a value that the file sets decides it. */
  readonly settled: 'with' | 'never';
}

const where = ({ policy, line }: Source): string => `${policy}:${line}`;
const sameSource = (a: Source, b: Source): boolean =>
  a.policy === b.policy && a.line === b.line && a.column === b.column;
const sameValue = (a: ParameterValue, b: ParameterValue): boolean =>
  JSON.stringify([a].flat().toSorted()) === JSON.stringify([b].flat().toSorted());

/** `less`: a declaration with a maximum, and no minimum, says that less is tighter. `undefined`: it does not say. */
function tighterSide({ value, minimum, maximum, allowed }: Parameter): 'less' | 'more' | 'fewer' | undefined {
  if (Array.isArray(value)) return allowed === undefined ? undefined : 'fewer';
  if (minimum === undefined) return maximum === undefined ? undefined : 'less';
  return maximum === undefined ? 'more' : undefined;
}

/** A parameter with another value. It bounds those who set it next, where its bounds have a direction: nobody goes back. */
export function withValue(parameter: Parameter, value: ParameterValue, setBy: Source): Parameter {
  const set = { ...parameter, value, setBy };
  const side = tighterSide(parameter);
  if (side === 'less') return { ...set, maximum: value as number };
  if (side === 'more') return { ...set, minimum: value as number };
  return side === 'fewer' ? { ...set, allowed: value as readonly string[] } : set;
}

/** The tighter of two values of one declaration, bounds included; where there is no such thing the one that somebody set. */
function meet(a: Parameter, b: Parameter): Parameter {
  const side = tighterSide(a);
  if (side === undefined) return a.setBy === undefined ? b : a;
  if (side === 'fewer') {
    const common = <T>(one: readonly T[], other: readonly T[]) => one.filter((each) => other.includes(each));
    const value = common(a.value as readonly string[], b.value as readonly string[]);
    // Named is who made it smaller; where both did, the first.
    const { setBy } = sameValue(value, a.value) ? a : sameValue(value, b.value) ? b : a.setBy === undefined ? b : a;
    return {
      ...a,
      value,
      allowed: common(a.allowed ?? [], b.allowed ?? []),
      ...(setBy === undefined ? {} : { setBy }),
    };
  }
  const [x, y] = [Number(a.value), Number(b.value)];
  const tighter = (side === 'less' ? y < x : y > x) ? b : a;
  return side === 'less'
    ? { ...tighter, maximum: Math.min(a.maximum ?? x, b.maximum ?? y) }
    : { ...tighter, minimum: Math.max(a.minimum ?? x, b.minimum ?? y) };
}

/** All parameters of all of them, each at its tightest. What `parameterClashes` finds is not to be relied on. */
export function meetParameters(all: readonly Parameters[]): Parameters {
  const met: Record<string, Parameter> = {};
  for (const parameters of all)
    for (const [name, parameter] of Object.entries(parameters)) {
      const earlier = met[name];
      met[name] = earlier === undefined || !sameSource(earlier.by, parameter.by) ? parameter : meet(earlier, parameter);
    }
  return met;
}

/** One name for two things, and two values of which none is the tighter one. */
export function parameterClashes(all: readonly Parameters[]): Clash[] {
  const found = new Map<string, Clash>();
  const seen = new Map<string, Parameter>();
  for (const parameters of all)
    for (const [name, parameter] of Object.entries(parameters)) {
      const other = seen.get(name);
      // Of a default nobody decided anything: the next one is compared with what was set.
      if (other === undefined || (other.setBy === undefined && sameSource(other.by, parameter.by)))
        seen.set(name, parameter);
      if (other === undefined || found.has(name)) continue;
      if (!sameSource(other.by, parameter.by))
        found.set(name, {
          name,
          message: `the parameter ${name} is declared twice, at ${where(other.by)} and ${where(parameter.by)}`,
          settled: 'never',
        });
      else if (
        tighterSide(parameter) === undefined &&
        other.setBy !== undefined &&
        parameter.setBy !== undefined &&
        !sameValue(other.value, parameter.value)
      )
        found.set(name, {
          name,
          message:
            `the parameter ${name} is ${JSON.stringify(other.value)} at ${where(other.setBy)} and ` +
            `${JSON.stringify(parameter.value)} at ${where(parameter.setBy)}, and nothing says which of them is tighter`,
          settled: 'with',
        });
    }
  return [...found.values()];
}

/** Ids that two policies gave to rules of theirs: an exception from one would be one from the other. */
export function ruleClashes(books: readonly RuleBook[]): Clash[] {
  const seen = new Map<string, Source>();
  const found: Clash[] = [];
  for (const { id, by } of books.flatMap(({ rules }) => rules)) {
    const other = seen.get(id);
    if (other !== undefined && !sameSource(other, by))
      found.push({
        name: id,
        message: `the rule ${id} is there twice, at ${where(other)} and ${where(by)}`,
        settled: 'never',
      });
    seen.set(id, other ?? by);
  }
  return found;
}
