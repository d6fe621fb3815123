// SPDX-License-Identifier: Apache-2.0
// `--chmod` of COPY and ADD: octal, or the symbols of chmod(1), relative to what a file has.

/** What becomes of the mode (12 bits) of a file or directory. */
export type ModeChange = (mode: number, directory: boolean) => number;

const CLAUSE = /^([ugoa]*)((?:[-+=](?:[ugo]|[rwxXst]*))+)$/;
const SHIFTS = { u: 6, g: 3, o: 0 } as const;
const BITS = { r: 4, w: 2, x: 1 } as const;
const STICKY = 0o1000;

/** The bits that one action is about, for one class of users. */
function bitsOf(letters: string, who: keyof typeof SHIFTS, mode: number, directory: boolean): number {
  let bits = 0;
  for (const letter of letters) {
    if (letter === 'u' || letter === 'g' || letter === 'o') bits |= ((mode >> SHIFTS[letter]) & 7) << SHIFTS[who];
    else if (letter === 'r' || letter === 'w' || letter === 'x') bits |= BITS[letter] << SHIFTS[who];
    // Execution only of what somebody may execute already.
    else if (letter === 'X') bits |= (directory || (mode & 0o111) !== 0 ? 1 : 0) << SHIFTS[who];
    else if (letter === 's' && who !== 'o') bits |= who === 'u' ? 0o4000 : 0o2000;
    else if (letter === 't' && who === 'o') bits |= STICKY;
  }
  return bits;
}

const maskOf = (who: keyof typeof SHIFTS) => (7 << SHIFTS[who]) | { u: 0o4000, g: 0o2000, o: STICKY }[who];

function apply(mode: number, directory: boolean, classes: string, action: string): number {
  const [operator, letters] = [action.charAt(0), action.slice(1)];
  let bits = 0;
  let mask = 0;
  for (const who of classes as Iterable<keyof typeof SHIFTS>) {
    bits |= bitsOf(letters, who, mode, directory);
    mask |= maskOf(who);
  }
  if (operator === '+') return mode | bits;
  return operator === '-' ? mode & ~bits : (mode & ~mask) | bits;
}

/** @returns undefined when it is no mode */
export function parseMode(text: string): ModeChange | undefined {
  if (/^0?[0-7]{3,4}$/.test(text)) {
    const mode = Number.parseInt(text, 8);
    return () => mode;
  }
  const actions: { classes: string; action: string }[] = [];
  for (const clause of text.split(',')) {
    const [, who, all] = CLAUSE.exec(clause) ?? [];
    if (who === undefined || all === undefined) return undefined;
    const classes = who === '' || who.includes('a') ? 'ugo' : [...new Set(who)].join('');
    for (const action of all.match(/[-+=][^-+=]*/g) ?? []) actions.push({ classes, action });
  }
  return (mode, directory) =>
    actions.reduce((current, { classes, action }) => apply(current, directory, classes, action), mode);
}
