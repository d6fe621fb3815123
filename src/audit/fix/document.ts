// SPDX-License-Identifier: Apache-2.0
// What would be changed in a file that is audited by itself: a Dockerfile, a compose file, manifests. Each repair is tried on the text in
// memory, and what comes out is audited again: it counts only when the problem is gone and nothing else is worse.
import { SecureError } from '../../errors.ts';
import type { Audited } from '../types.ts';
import { Place } from './place.ts';
import type { Edit, FileChange, Fix, FixOptions, Left, Plan, Repair, TextEdit } from './types.ts';
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

/** Of one file; each is audited again. What is left is repaired the next time. */
const MOST = 200;

interface Found {
  readonly one: Examined;
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
        return { one, repair, fix, edits: () => fix?.edits(one.facts, problem, text) ?? [] };
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

/** Less of one check, and no more of any other. */
function isBetter(before: readonly Examined[], after: readonly Examined[], id: string): boolean {
  const [was, is] = [openIn(before), openIn(after)];
  if ((is.get(id) ?? 0) >= (was.get(id) ?? 0)) return false;
  return before.length === after.length && [...is].every(([one, count]) => count <= (was.get(one) ?? 0));
}

function spliced(text: string, edits: readonly TextEdit[]): string {
  const sorted = edits.toSorted((a, b) => b.start - a.start);
  return sorted.reduce((made, { start, end, text: put }) => made.slice(0, start) + put + made.slice(end), text);
}

/** The text with all edits of one repair. */
export type Editor = (text: string, edits: readonly Edit[]) => string;
export const textEditor: Editor = (text, edits) =>
  spliced(
    text,
    edits.filter((edit): edit is TextEdit => edit.kind === 'text'),
  );

/** What one file becomes. @param waived keys of `keyOf` */
function planOne(
  target: DocumentTarget,
  before: string,
  waived: ReadonlyMap<string, string>,
  { all, only }: FixOptions,
  edit: Editor,
): { after: string; repairs: Repair[]; left: Left[] } {
  const repairs: Repair[] = [];
  const left: Left[] = [];
  const tried = new Set<string>();
  let text = before;
  let examined = target.examine(text);
  for (let count = 0; ; ) {
    const found = problemsIn(examined, text);
    const next = found.find(
      ({ fix, repair }) => fix !== undefined && only?.has(repair.id) !== false && !tried.has(keyOf(repair)),
    );
    if (next === undefined) return { after: text, repairs, left };
    const { repair, fix } = next;
    tried.add(keyOf(repair));
    const until = waived.get(keyOf(repair));
    const edits = until === undefined ? next.edits() : [];
    const risk = fix?.risk ?? edits.find((one) => one.risk !== undefined)?.risk;
    if (until !== undefined) left.push(leftOf(repair, `it is waived until ${until}`));
    else if (edits.length === 0) left.push(leftOf(repair, PERSON));
    else if (risk !== undefined && !all) left.push(leftOf(repair, risk, true));
    else if (count >= MOST) left.push(leftOf(repair, `${MOST} others are repaired first: run it again`));
    else {
      count += 1;
      const tryout = attempt(target, text, edits, edit);
      if (typeof tryout === 'string') left.push(leftOf(repair, tryout));
      else if (!isBetter(examined, tryout.examined, repair.id))
        left.push(leftOf(repair, 'it would still be found, or something else would: this one takes a person'));
      else {
        const still = new Set(problemsIn(tryout.examined, tryout.text).map((one) => keyOf(one.repair)));
        // One edit may be the end of several, such as that of a pod for its containers.
        repairs.push(
          ...found
            .filter((one) => one.repair.id === repair.id && (one === next || !still.has(keyOf(one.repair))))
            .map((one) => one.repair),
        );
        ({ text, examined } = tryout);
      }
    }
  }
}

function attempt(
  target: DocumentTarget,
  text: string,
  edits: readonly Edit[],
  edit: Editor,
): { text: string; examined: readonly Examined[] } | string {
  try {
    const made = edit(text, edits);
    return { text: made, examined: target.examine(made) };
  } catch (error) {
    if (!(error instanceof SecureError)) throw error;
    return error.message;
  }
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
      if (one.after !== before) files.push({ path: target.path, before, after: one.after });
    }
  } finally {
    place.close();
  }
  return { root: '/', files, access: [], settings: [], next: [], repairs, left };
}
