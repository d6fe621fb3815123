// SPDX-License-Identifier: Apache-2.0
// A policy with everything that it extends, and where each part of it was said.
import { CONTROL_NAMES, CONTROLS } from './controls.ts';
import { imagesText, requirementText } from './image-rules.ts';
import type { Lattice } from './lattice.ts';
import type { EffectivePolicy, Source } from './types.ts';

export interface Shown {
  readonly section: 'run' | 'ceilings' | 'parameters' | 'workloads' | 'images' | 'rules' | 'exceptions';
  readonly name: string;
  readonly value: string;
  readonly by: Source;
}

export function showPolicy({ run, ceilings, book, workloads, images }: EffectivePolicy): Shown[] {
  const controls = (section: 'run' | 'ceilings', values: EffectivePolicy['ceilings']) =>
    CONTROL_NAMES.flatMap((name): Shown[] => {
      const found = values[name];
      if (found === undefined) return [];
      const { show } = CONTROLS[name].lattice as Lattice<unknown>;
      return [{ section, name, value: show(found.value), by: found.by }];
    });
  return [
    ...controls('run', run),
    ...controls('ceilings', ceilings),
    ...Object.entries(book.parameters).map(
      ([name, { value, by, setBy }]): Shown => ({
        section: 'parameters',
        name,
        value: JSON.stringify(value),
        by: setBy ?? by,
      }),
    ),
    ...workloads.map(
      ({ match, by }): Shown => ({
        section: 'workloads',
        name: match.join(' '),
        value: 'granted within the ceilings',
        by,
      }),
    ),
    ...images.map(
      (rule): Shown => ({ section: 'images', name: imagesText(rule), value: requirementText(rule), by: rule.by }),
    ),
    ...book.rules.map(
      ({ id, target, severity, enforcement, require, by }): Shown => ({
        section: 'rules',
        name: id,
        value: `${target}, ${severity}, ${enforcement}: ${require.text}`,
        by,
      }),
    ),
    ...book.exceptions.map(
      ({ rule, owner, expires, by }): Shown => ({
        section: 'exceptions',
        name: rule,
        value: `${owner}, until ${expires}`,
        by,
      }),
    ),
  ];
}
