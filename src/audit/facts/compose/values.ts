// SPDX-License-Identifier: Apache-2.0
// Values of a service whose text may hold variables. What is only known when it is deployed is null: a rule that asks for it does not hold.
import type { Tree } from '../yaml/tree.ts';
import { isOpen } from './interpolate.ts';

/** Text, number or flag, as text; '' without one. */
export function textOf(node: Tree): string {
  const { value } = node;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : node.text;
}

export const textsOf = (node: Tree): string[] =>
  typeof node.value === 'string' ? [node.value] : node.items.map(textOf);

/** False without one. */
export function flagOf(node: Tree): boolean | null {
  if (typeof node.value !== 'string') return node.boolean ?? false;
  const text = node.value.toLowerCase();
  if (isOpen(node.value)) return null;
  if (['true', 'yes', 'on', 'y', '1'].includes(text)) return true;
  if (['false', 'no', 'off', 'n', '0', ''].includes(text)) return false;
  throw node.wrong('true or false');
}

const UNITS: Readonly<Record<string, number>> = { b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** Bytes of `512m`, `1gb`; null: none, or not known. */
export function bytesOf(node: Tree): number | null {
  const text = textOf(node).trim().toLowerCase();
  if (text === '' || isOpen(text)) return null;
  const [, digits, unit = 'b'] = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?$/.exec(text) ?? [];
  if (digits === undefined) throw node.wrong('a number of bytes, such as 512m');
  return Math.floor(Number(digits) * (UNITS[unit || 'b'] ?? 1));
}

/** A number; null: none, or not known. */
export function numberOf(node: Tree): number | null {
  const text = textOf(node).trim();
  if (text === '' || isOpen(text)) return null;
  const value = Number(text);
  if (!Number.isFinite(value)) throw node.wrong('a number');
  return value;
}
