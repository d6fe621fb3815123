// SPDX-License-Identifier: Apache-2.0
// WWW-Authenticate (RFC 9110, 11.6.1): any number of challenges, each a scheme and parameters.

export interface Challenge {
  /** Lower case. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const PARAMETER = new RegExp(`(${TOKEN})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|(${TOKEN}))`, 'y');
const SCHEME = new RegExp(`(${TOKEN})(?:\\s+|(?=,)|$)`, 'y');
const SEPARATOR = /[\s,]*/y;
const LIMIT = 8192;

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/** The challenges of one header, those before the first thing that is none. */
export function parseChallenges(header: string): Challenge[] {
  const found: { scheme: string; parameters: Map<string, string> }[] = [];
  const text = header.slice(0, LIMIT);
  for (let at = 0; at < text.length; ) {
    at += match(SEPARATOR, text, at)?.[0].length ?? 0;
    const last = found.at(-1);
    const parameter = last === undefined ? null : match(PARAMETER, text, at);
    if (parameter !== null) {
      const [whole, name = '', quoted, plain = ''] = parameter;
      // The first one counts: a second one would be read differently by others.
      const key = name.toLowerCase();
      if (!last?.parameters.has(key)) last?.parameters.set(key, quoted?.replace(/\\(.)/g, '$1') ?? plain);
      at += whole.length;
      continue;
    }
    const scheme = match(SCHEME, text, at);
    if (scheme === null) break;
    found.push({ scheme: (scheme[1] ?? '').toLowerCase(), parameters: new Map() });
    at += scheme[0].length;
  }
  return found;
}
