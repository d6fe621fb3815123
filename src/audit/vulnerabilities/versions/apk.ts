// SPDX-License-Identifier: Apache-2.0
// Versions of Alpine packages: `1.2.3a_rc1_p2~hash-r4` (apk-package(5), "PACKAGE VERSION").

const SUFFIXES = ['alpha', 'beta', 'pre', 'rc', '', 'cvs', 'svn', 'git', 'hg', 'p'];
const VERSION =
  /^(?<digits>\d+(?:\.\d+)*)(?<letter>[a-z]?)(?<suffixes>(?:_(?:alpha|beta|pre|rc|cvs|svn|git|hg|p)\d*)*)(?:~[0-9a-f]+)?(?:-r(?<revision>\d+))?$/;

interface Version {
  readonly digits: readonly string[];
  readonly letter: string;
  readonly suffixes: readonly (readonly [number, string])[];
  readonly revision: string;
}

/** Undefined: no version. */
function parse(text: string): Version | undefined {
  const found = VERSION.exec(text.trim())?.groups;
  if (found === undefined) return undefined;
  const { digits = '', letter = '', suffixes = '', revision = '0' } = found;
  return {
    digits: digits.split('.'),
    letter,
    suffixes: [...suffixes.matchAll(/_([a-z]+)(\d*)/g)].map(
      ([, name = '', number = '']) => [SUFFIXES.indexOf(name), number || '0'] as const,
    ),
    revision,
  };
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Of any length. */
function numbers(a: string, b: string): number {
  const [left, right] = [a.replace(/^0+(?=\d)/, ''), b.replace(/^0+(?=\d)/, '')];
  return left.length - right.length || order(left, right);
}

/** But for the first, a part with a leading zero is a fraction: `1.05` is before `1.1`. */
const part = (a: string, b: string, i: number): number =>
  i > 0 && (a.startsWith('0') || b.startsWith('0')) ? order(a, b) : numbers(a, b);

function digits(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i += 1) {
    const difference = part(a[i] ?? '', b[i] ?? '', i);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

const NONE = [SUFFIXES.indexOf(''), '0'] as const;

/** Below, at or above 0; undefined: one of them is no version. */
export function compareApk(left: string, right: string): number | undefined {
  const [a, b] = [parse(left), parse(right)];
  if (a === undefined || b === undefined) return undefined;
  const first = digits(a.digits, b.digits) || order(a.letter, b.letter);
  if (first !== 0) return first;
  for (let i = 0; i < Math.max(a.suffixes.length, b.suffixes.length); i += 1) {
    const [[kindA, numberA], [kindB, numberB]] = [a.suffixes[i] ?? NONE, b.suffixes[i] ?? NONE];
    const difference = kindA - kindB || numbers(numberA, numberB);
    if (difference !== 0) return difference;
  }
  return numbers(a.revision, b.revision);
}
