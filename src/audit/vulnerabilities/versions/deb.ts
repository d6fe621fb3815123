// SPDX-License-Identifier: Apache-2.0
// Versions of Debian packages (Debian Policy 5.6.12, deb-version(7)).

/** `~` sorts before the end, the end before letters, letters before everything else. */
function weight(char: string | undefined): number {
  if (char === undefined || /\d/.test(char)) return 0;
  if (char === '~') return -1;
  const code = char.codePointAt(0) ?? 0;
  return /[A-Za-z]/.test(char) ? code : code + 0x110000;
}

/** Text and digits in turn: text by its weights, digits as numbers of any length. */
function compareParts(a: string, b: string): number {
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    while ((i < a.length && !/\d/.test(a[i] ?? '')) || (j < b.length && !/\d/.test(b[j] ?? ''))) {
      const difference = weight(a[i]) - weight(b[j]);
      if (difference !== 0) return difference;
      i += 1;
      j += 1;
    }
    const [left = '', right = ''] = [a, b].map((text, k) => /^0*(\d*)/.exec(text.slice(k === 0 ? i : j))?.[1]);
    i += /^\d*/.exec(a.slice(i))?.[0].length ?? 0;
    j += /^\d*/.exec(b.slice(j))?.[0].length ?? 0;
    if (left.length !== right.length) return left.length - right.length;
    if (left !== right) return left < right ? -1 : 1;
  }
  return 0;
}

interface Version {
  readonly epoch: number;
  readonly upstream: string;
  readonly revision: string;
}

/** Undefined: no version. */
function parse(text: string): Version | undefined {
  const [, epoch = '0', rest = ''] = /^(?:(\d{1,9}):)?(.+)$/s.exec(text.trim()) ?? [];
  if (!/^[A-Za-z0-9.+:~-]+$/.test(rest)) return undefined;
  const dash = rest.lastIndexOf('-');
  return {
    epoch: Number(epoch),
    upstream: dash < 0 ? rest : rest.slice(0, dash),
    revision: dash < 0 ? '' : rest.slice(dash + 1),
  };
}

/** Below, at or above 0; undefined: one of them is no version. */
export function compareDeb(left: string, right: string): number | undefined {
  const [a, b] = [parse(left), parse(right)];
  if (a === undefined || b === undefined) return undefined;
  return a.epoch - b.epoch || compareParts(a.upstream, b.upstream) || compareParts(a.revision, b.revision);
}
