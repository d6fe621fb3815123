// SPDX-License-Identifier: Apache-2.0
// What would be changed in a file that is audited by itself: a Dockerfile, a compose file, manifests. Each repair is tried on the text in
// memory, and what comes out is audited again: it counts only when the problem is gone and nothing else is worse.
import { SecureError } from '../../errors.ts';
import type { Audited } from '../types.ts';
import { Place } from './place.ts';
import type { Edit, FileChange, Fix, FixOptions, Left, Plan, Repair, Spend, TextEdit } from './types.ts';
import { leftOf, PERSON } from './wishes.ts';

/** One thing that a text describes. */
export interface Examined {
  readonly audited: Audited;
  readonly facts: unknown;
}
export interface DocumentTarget {
  /** Absolute. */
  readonly path: string;
  /** What its text says is wrong. @throws SecureError: it cannot be read as what it should be */
  examine(text: string): readonly Examined[];
}

/** Characters that are read again, to make repairs and to audit them; what is left is repaired the next time. */
const AGAIN = 8 << 20;
/** Of one check no more problems are named in one file. */
const NAMED = 1000;

interface Found {
  readonly one: Examined;
  /** Of its problem, whatever the text is. */
  readonly key: string;
  readonly repair: Repair;
  readonly fix: Fix<unknown> | undefined;
  readonly edits: () => readonly Edit[];
}

const keyOf = ({ uri, id, key }: Repair): string => JSON.stringify([uri, id, key]);

/** Every problem; of those whose check has a repair, how. */
function problemsIn(examined: readonly Examined[], text: string): Found[] {
  return examined.flatMap((one) =>
    one.audited.results.flatMap(({ check, verdict }) => {
      const fix = check.fix as Fix<unknown> | undefined;
      return (verdict.status === 'fail' ? verdict.problems : []).map((problem): Found => {
        const { target, uri } = one.audited;
        const repair = { target, uri, id: check.id, key: problem.key, message: problem.message };
        return { one, key: keyOf(repair), repair, fix, edits: () => fix?.edits(one.facts, problem, text) ?? [] };
      });
    }),
  );
}

/** How much of each check is open: problems, and what could not be decided. */
function openIn(examined: readonly Examined[]): Map<string, number> {
  const open = new Map<string, number>();
  for (const { audited } of examined)
    for (const { check, verdict } of audited.results) {
      const count = verdict.status === 'fail' ? verdict.problems.length : verdict.status === 'unknown' ? 1 : 0;
      open.set(check.id, (open.get(check.id) ?? 0) + count);
    }
  return open;
}

/** `count` problems of one check less, and no more of any other. */
function isBetter(before: readonly Examined[], after: readonly Examined[], id: string, count: number): boolean {
  const [was, is] = [openIn(before), openIn(after)];
  if ((is.get(id) ?? 0) > (was.get(id) ?? 0) - count) return false;
  return before.length === after.length && [...is].every(([one, open]) => open <= (was.get(one) ?? 0));
}

function spliced(text: string, edits: readonly TextEdit[]): string {
  // Two problems may have the same repair.
  const distinct = [...new Map(edits.map((edit) => [JSON.stringify(edit), edit])).values()];
  const sorted = distinct.toSorted((a, b) => b.start - a.start || b.end - a.end);
  if (sorted.some((edit, i) => i > 0 && edit.end > (sorted[i - 1]?.start ?? 0)))
    throw new SecureError('FIX_REFUSED', 'its repairs lie in one another', { hint: 'see what the check says' });
  return sorted.reduce((made, { start, end, text: put }) => made.slice(0, start) + put + made.slice(end), text);
}

/** The text with all edits of one repair. */
export type Editor = (text: string, edits: readonly Edit[], spend: Spend) => string;
export const textEditor: Editor = (text, edits) =>
  spliced(
    text,
    edits.filter((edit): edit is TextEdit => edit.kind === 'text'),
  );

/** One file, on its way. */
class Planner {
  readonly repairs: Repair[] = [];
  readonly left: Left[] = [];
  readonly #target: DocumentTarget;
  readonly #edit: Editor;
  text: string;
  #examined: readonly Examined[];
  /** Problems by check. */
  #found: Map<string, Found[]>;
  #budget = AGAIN;

  constructor(target: DocumentTarget, text: string, edit: Editor) {
    [this.#target, this.text, this.#edit] = [target, text, edit];
    this.#examined = target.examine(text);
    this.#found = Map.groupBy(problemsIn(this.#examined, text), ({ repair }) => repair.id);
  }

  /** Checks that can repair something here. */
  get repairable(): string[] {
    return [...this.#found].flatMap(([id, found]) => (found.some(({ fix }) => fix !== undefined) ? [id] : []));
  }

  /** Problems of one check that are open now. */
  found(id: string): readonly Found[] {
    return this.#found.get(id) ?? [];
  }

  /** Why these were not repaired together; undefined: they were. */
  attempt(all: readonly Found[], edits: readonly Edit[]): string | undefined {
    const spend: Spend = (read) => {
      this.#budget -= read;
      if (this.#budget < 0)
        throw new SecureError('FIX_REFUSED', 'there is too much to repair at once: run it again', {
          hint: 'it goes on where it ended',
        });
    };
    let text: string;
    let examined: readonly Examined[];
    try {
      text = this.#edit(this.text, edits, spend);
      spend(text.length);
      examined = this.#target.examine(text);
    } catch (error) {
      if (!(error instanceof SecureError)) throw error;
      return error.message;
    }
    const id = all[0]?.repair.id ?? '';
    const found = problemsIn(examined, text);
    const still = new Set(found.map(({ key }) => key));
    // Where there are more than are named, their number says nothing.
    const isNamed = (openIn(this.#examined).get(id) ?? 0) < NAMED;
    const isGone = isNamed || all.every(({ key }) => !still.has(key));
    if (!isGone || !isBetter(this.#examined, examined, id, isNamed ? all.length : 0))
      return 'it would still be found, or something else would: this one takes a person';
    // One edit may be the end of several, such as that of a pod for its containers.
    const gone = this.found(id).filter(({ key }) => !still.has(key));
    this.repairs.push(...new Map([...all, ...gone].map(({ key, repair }) => [key, repair])).values());
    [this.text, this.#examined] = [text, examined];
    this.#found = Map.groupBy(found, ({ repair }) => repair.id);
    return undefined;
  }
}

/** What of the problems of one check may be repaired; of the rest, why not. @param waived by `keyOf` */
function eligible(
  found: readonly Found[],
  waived: ReadonlyMap<string, string>,
  all: boolean,
  leave: (left: Left) => void,
): { one: Found; edits: readonly Edit[] }[] {
  return found.flatMap((one) => {
    const { key, repair, fix } = one;
    const until = waived.get(key);
    const edits = until === undefined ? one.edits() : [];
    const risk = fix?.risk ?? edits.find((edit) => edit.risk !== undefined)?.risk;
    if (until !== undefined) leave(leftOf(repair, `it is waived until ${until}`));
    else if (edits.length === 0) leave(leftOf(repair, PERSON));
    else if (risk !== undefined && !all) leave(leftOf(repair, risk, true));
    else return [{ one, edits }];
    return [];
  });
}

/** What one file becomes: all problems of a check at once, and one by one where that does not work. */
function planOne(
  target: DocumentTarget,
  before: string,
  waived: ReadonlyMap<string, string>,
  { all, only }: FixOptions,
  edit: Editor,
): Planner {
  const planner = new Planner(target, before, edit);
  for (const id of planner.repairable) {
    if (only?.has(id) === false) continue;
    const wishes = eligible(planner.found(id), waived, all, (left) => planner.left.push(left));
    if (wishes.length === 0) continue;
    const together = wishes.map(({ one }) => one);
    const failed = planner.attempt(
      together,
      wishes.flatMap(({ edits }) => edits),
    );
    if (failed === undefined) continue;
    const wished = new Set(wishes.map(({ one }) => one.repair.key));
    const tried = new Set(planner.found(id).flatMap(({ key, repair }) => (wished.has(repair.key) ? [] : [key])));
    for (;;) {
      // Places move with each.
      const next = planner.found(id).find(({ key }) => !tried.has(key));
      if (next === undefined) break;
      tried.add(next.key);
      const why = wishes.length === 1 ? failed : planner.attempt([next], next.edits());
      if (why !== undefined) planner.left.push(leftOf(next.repair, why));
    }
  }
  return planner;
}

/**
 * @param audited of all targets, with their waivers
 * @throws SecureError FIX_REFUSED, and what `examine` throws of a file as it is
 */
export function planDocuments(
  targets: readonly DocumentTarget[],
  audited: readonly Audited[],
  options: FixOptions,
  edit: Editor = textEditor,
): Plan {
  const waived = new Map(
    audited.flatMap(({ target, uri, results }) =>
      results.flatMap(({ check: { id }, verdict }) =>
        (verdict.status === 'fail' ? verdict.problems : []).flatMap(({ key, message, waiver }) =>
          waiver === undefined ? [] : [[keyOf({ target, uri, id, key, message }), waiver.expires] as const],
        ),
      ),
    ),
  );
  const files: FileChange[] = [];
  const repairs: Repair[] = [];
  const left: Left[] = [];
  const place = new Place('/');
  try {
    for (const target of targets) {
      const before = place.read(target.path);
      if (before === null) continue;
      const one = planOne(target, before, waived, options, edit);
      repairs.push(...one.repairs);
      left.push(...one.left);
      if (one.text !== before) files.push({ path: target.path, before, after: one.text });
    }
  } finally {
    place.close();
  }
  return { root: '/', machine: false, files, access: [], settings: [], next: [], repairs, left };
}
