// SPDX-License-Identifier: Apache-2.0
// Services that are made of others: `<<` of YAML 1.1, which compose files use with anchors, and `extends` (compose-spec "Merge").

export type Fields = Readonly<Record<string, unknown>>;
export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What stands in `<<` counts where the mapping itself says nothing; of several the first one. */
export function withMergeKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withMergeKeys);
  if (!isFields(value)) return value;
  const { '<<': merged, ...own } = value;
  const sources = (merged === undefined ? [] : [merged].flat()).map(withMergeKeys).filter(isFields);
  const inner = Object.fromEntries(Object.entries(own).map(([name, one]) => [name, withMergeKeys(one)]));
  return Object.assign({}, ...sources.toReversed(), inner);
}

/** Lists of these replace the others. */
const REPLACED = new Set(['command', 'entrypoint', 'test']);
/** Written as a list of NAME=VALUE or as a mapping. */
const PAIRS = new Set(['environment', 'labels', 'sysctls', 'args', 'annotations', 'extra_hosts']);

/** `NAME=VALUE` or `NAME` in a list, by name; a mapping as it is. @param by what parts a name from its value */
export function pairs(value: unknown, by = '='): unknown {
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) return value;
  return Object.fromEntries(
    value.map((item: string) => {
      const at = item.indexOf(by);
      return at < 0 ? [item, null] : [item.slice(0, at), item.slice(at + 1)];
    }),
  );
}

/** A service on top of the one that it extends. */
export function mergedService(base: unknown, own: unknown, key = ''): unknown {
  if (own === undefined || own === null) return base;
  if (base === undefined || base === null || REPLACED.has(key)) return own;
  const [below, above] = PAIRS.has(key) ? [pairs(base), pairs(own)] : [base, own];
  if (Array.isArray(below) && Array.isArray(above)) return [...below, ...above];
  if (!isFields(below) || !isFields(above)) return above;
  const names = new Set([...Object.keys(below), ...Object.keys(above)]);
  return Object.fromEntries([...names].map((name) => [name, mergedService(below[name], above[name], name)]));
}
