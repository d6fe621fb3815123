// SPDX-License-Identifier: Apache-2.0
// Base scores of CVSS 3.0 and 3.1 (first.org/cvss/v3.1/specification-document, 7.1 and 7.4).

const WEIGHTS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  AV: { N: 0.85, A: 0.62, L: 0.55, P: 0.2 },
  AC: { L: 0.77, H: 0.44 },
  UI: { N: 0.85, R: 0.62 },
  C: { H: 0.56, L: 0.22, N: 0 },
  I: { H: 0.56, L: 0.22, N: 0 },
  A: { H: 0.56, L: 0.22, N: 0 },
};
/** By whether the scope changes. */
const PRIVILEGES: Readonly<Record<string, readonly [number, number]>> = {
  N: [0.85, 0.85],
  L: [0.62, 0.68],
  H: [0.27, 0.5],
};

/** Up to one decimal, in whole numbers, as appendix A has it. */
function roundUp(value: number): number {
  const whole = Math.round(value * 100_000);
  return whole % 10_000 === 0 ? whole / 100_000 : (Math.floor(whole / 10_000) + 1) / 10;
}

/** 0 to 10; undefined: no vector of version 3. */
export function baseScore(vector: string): number | undefined {
  const [prefix, ...parts] = vector.trim().split('/');
  if (prefix !== 'CVSS:3.0' && prefix !== 'CVSS:3.1') return undefined;
  const metrics = new Map(parts.map((part) => part.split(':', 2) as [string, string]));
  const weights = Object.fromEntries(
    Object.entries(WEIGHTS).map(([name, values]) => [name, values[metrics.get(name) ?? '']]),
  );
  const scope = metrics.get('S');
  const privileges = PRIVILEGES[metrics.get('PR') ?? ''];
  if (Object.values(weights).includes(undefined) || privileges === undefined || (scope !== 'U' && scope !== 'C'))
    return undefined;
  const { AV = 0, AC = 0, UI = 0, C = 0, I = 0, A = 0 } = weights;
  const changed = scope === 'C';
  const sub = 1 - (1 - C) * (1 - I) * (1 - A);
  const impact = changed ? 7.52 * (sub - 0.029) - 3.25 * (sub - 0.02) ** 15 : 6.42 * sub;
  if (impact <= 0) return 0;
  const exploitability = 8.22 * AV * AC * privileges[changed ? 1 : 0] * UI;
  return roundUp(Math.min(changed ? 1.08 * (impact + exploitability) : impact + exploitability, 10));
}
