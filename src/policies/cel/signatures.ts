// SPDX-License-Identifier: Apache-2.0
// The functions that expressions may call: what they take and what they give. Methods stand behind a dot.
import { BOOL, DYN, listOf, NUMBER, objectOf, STRING, type Type } from './types.ts';

export interface Signature {
  /** Undefined: a function. */
  readonly target?: Type;
  readonly args: readonly Type[];
  readonly result: Type;
  /** The last arguments need not be there. */
  readonly optional?: number;
}

const TIME: Type = { kind: 'time' };
const BYTES: Type = { kind: 'bytes' };
const method = (target: Type, args: readonly Type[], result: Type, optional = 0): Signature => ({
  target,
  args,
  result,
  optional,
});
const func = (args: readonly Type[], result: Type): Signature => ({ args, result });
const conversion = (result: Type) => [func([DYN], result)];
const clock = [method(TIME, [STRING], NUMBER, 1)];

export const REFERENCE = objectOf('a reference', {
  registry: STRING,
  repository: STRING,
  name: STRING,
  tag: STRING,
  digest: STRING,
});
const ATTESTATION = objectOf('an attestation', {
  predicateType: STRING,
  predicate: { kind: 'map', of: DYN },
  signer: STRING,
});
export const VERSION = objectOf('a version', {
  major: NUMBER,
  minor: NUMBER,
  patch: NUMBER,
  prerelease: STRING,
  text: STRING,
});
export const ADDRESS = objectOf('an address', { text: STRING, family: NUMBER });

export const SIGNATURES: Readonly<Record<string, readonly Signature[]>> = {
  size: [func([DYN], NUMBER), method(DYN, [], NUMBER)],
  type: conversion({ kind: 'type' }),
  dyn: conversion(DYN),
  string: conversion(STRING),
  bool: conversion(BOOL),
  int: conversion(NUMBER),
  uint: conversion(NUMBER),
  double: conversion(NUMBER),
  bytes: conversion(BYTES),
  duration: conversion(TIME),
  timestamp: conversion(TIME),
  getDate: clock,
  getDayOfMonth: clock,
  getDayOfWeek: clock,
  getDayOfYear: clock,
  getFullYear: clock,
  getHours: clock,
  getMilliseconds: clock,
  getMinutes: clock,
  getMonth: clock,
  getSeconds: clock,
  contains: [method(STRING, [STRING], BOOL)],
  startsWith: [method(STRING, [STRING], BOOL)],
  endsWith: [method(STRING, [STRING], BOOL)],
  matches: [method(STRING, [STRING], BOOL), func([STRING, STRING], BOOL)],
  charAt: [method(STRING, [NUMBER], STRING)],
  indexOf: [method(STRING, [STRING, NUMBER], NUMBER, 1)],
  lastIndexOf: [method(STRING, [STRING, NUMBER], NUMBER, 1)],
  join: [method(listOf(STRING), [STRING], STRING, 1)],
  lowerAscii: [method(STRING, [], STRING)],
  upperAscii: [method(STRING, [], STRING)],
  trim: [method(STRING, [], STRING)],
  reverse: [method(STRING, [], STRING)],
  replace: [method(STRING, [STRING, STRING, NUMBER], STRING, 1)],
  split: [method(STRING, [STRING, NUMBER], listOf(STRING), 1)],
  substring: [method(STRING, [NUMBER, NUMBER], STRING, 1)],
  format: [method(STRING, [listOf(DYN)], STRING)],
  'strings.quote': [func([STRING], STRING)],
  // Ours.
  ref: [func([STRING], REFERENCE), method(DYN, [], REFERENCE)],
  attestations: [method(DYN, [STRING], listOf(ATTESTATION))],
  semver: [func([STRING], VERSION)],
  satisfies: [method(VERSION, [STRING], BOOL)],
  compareTo: [method(VERSION, [VERSION], NUMBER)],
  cap: [func([STRING], STRING)],
  ip: [func([STRING], ADDRESS)],
  within: [method(ADDRESS, [STRING], BOOL)],
  isLoopback: [method(ADDRESS, [], BOOL)],
  isPrivate: [method(ADDRESS, [], BOOL)],
  'path.under': [func([STRING, STRING], BOOL)],
  glob: [func([STRING, STRING], BOOL)],
};

export const FUNCTION_NAMES = Object.keys(SIGNATURES);
