// SPDX-License-Identifier: Apache-2.0
// Functions of ours. What they cannot read is an error of the expression, and so of the rule: never a silent false.
import { BlockList, isIP } from 'node:net';
import { posix } from 'node:path';
import {
  type CelFunc,
  type CelInput,
  type CelMap,
  CelScalar,
  celFunc,
  celMap,
  celMethod,
  isCelList,
  isCelMap,
} from '@bufbuild/cel';
import semver from 'semver';
import { capabilityName, suggestCapability } from '../../profiles/capabilities/index.ts';
import { didYouMean } from '../../suggest.ts';
import { isOfKind, isPredicateKind, PREDICATE_KINDS } from '../predicates.ts';
import { matchesReference } from '../workloads.ts';

const { BOOL, DYN, INT, STRING } = CelScalar;

const mapOf = (fields: Readonly<Record<string, CelInput>>): CelMap => celMap(new Map(Object.entries(fields)));
const textOf = (map: unknown, field: string): string => {
  const value = isCelMap(map) ? map.get(field) : undefined;
  if (typeof value === 'string') return value;
  throw new Error(`there is no ${field} in it`);
};

/** The parts of a reference; what is not there is ''. As everywhere, `nginx` is `docker.io/library/nginx`. */
function reference(text: string): CelMap {
  const [plain = '', digest = ''] = text.split('@');
  const slash = plain.indexOf('/');
  const first = plain.slice(0, Math.max(slash, 0));
  const hasRegistry = first === 'localhost' || /[.:[]/.test(first);
  const rest = hasRegistry ? plain.slice(slash + 1) : plain;
  const colon = rest.indexOf(':', rest.lastIndexOf('/') + 1);
  const repository = colon < 0 ? rest : rest.slice(0, colon);
  if (!/^[a-z0-9]+(?:[._/-]+[a-z0-9]+)*$/.test(repository))
    throw new Error(`${JSON.stringify(text)} is no image reference`);
  const registry = hasRegistry ? first.toLowerCase() : 'docker.io';
  const full = registry === 'docker.io' && !repository.includes('/') ? `library/${repository}` : repository;
  const tag = colon < 0 ? (digest === '' ? 'latest' : '') : rest.slice(colon + 1);
  return mapOf({ registry, repository: full, name: `${registry}/${full}`, tag, digest });
}

/** Those of a kind: `slsa`, `spdx`, `cyclonedx`, `vuln`, or the type of a predicate. */
function attestationsOf(image: unknown, kind: string): CelInput {
  if (!isPredicateKind(kind))
    throw new Error(`${JSON.stringify(kind)} is no kind of attestation${didYouMean(kind, PREDICATE_KINDS)}`);
  const all = isCelMap(image) ? image.get('attestations') : undefined;
  if (!isCelList(all)) throw new Error('there are no attestations in it');
  return [...all].filter((each) => isOfKind(textOf(each, 'predicateType'), kind)) as CelInput;
}

function version(text: string): CelMap {
  const found = semver.parse(text, { loose: true }) ?? semver.coerce(text);
  if (found === null) throw new Error(`${JSON.stringify(text)} is no version`);
  const { major, minor, patch, prerelease } = found;
  return mapOf({
    major: BigInt(major),
    minor: BigInt(minor),
    patch: BigInt(patch),
    prerelease: prerelease.join('.'),
    text: found.version,
  });
}

function satisfies(text: string, range: string): boolean {
  if (semver.validRange(range) === null) throw new Error(`${JSON.stringify(range)} is no range of versions`);
  return semver.satisfies(text, range, { includePrerelease: true });
}

/** As in the config of a container: `CAP_NET_ADMIN`. */
function capability(name: string): string {
  const found = capabilityName(name);
  if (found !== undefined) return `CAP_${found.replace(/^CAP_/, '')}`;
  const near = suggestCapability(name);
  throw new Error(`there is no capability ${name}${near === undefined ? '' : `; did you mean "${near}"?`}`);
}

function address(text: string): CelMap {
  const family = isIP(text);
  if (family === 0) throw new Error(`${JSON.stringify(text)} is no address`);
  return mapOf({ text, family: BigInt(family) });
}

function blockOf(...ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [base = '', bits] = range.split('/');
    const family = isIP(base);
    const most = family === 4 ? 32 : 128;
    const prefix = bits === undefined ? most : Number(bits);
    if (family === 0 || !/^\d*$/.test(bits ?? '') || prefix > most)
      throw new Error(`${JSON.stringify(range)} is no range of addresses`);
    list.addSubnet(base, prefix, family === 4 ? 'ipv4' : 'ipv6');
  }
  return list;
}
const inBlock = (map: unknown, list: BlockList): boolean => {
  const text = textOf(map, 'text');
  return list.check(text, isIP(text) === 4 ? 'ipv4' : 'ipv6');
};
const LOOPBACK = ['127.0.0.0/8', '::1'];
/** RFC 1918, RFC 6598, RFC 4193, and link-local addresses. */
const PRIVATE = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '169.254.0.0/16',
  'fc00::/7',
  'fe80::/10',
];

/** By name only: links are followed by whoever has the files. */
function under(path: string, directory: string): boolean {
  if (!path.startsWith('/') || !directory.startsWith('/')) throw new Error('path.under() compares absolute paths');
  const [inner, outer] = [posix.normalize(path), posix.normalize(directory).replace(/(.)\/$/, '$1')];
  return outer === '/' || inner === outer || inner.startsWith(`${outer}/`);
}

export const FUNCTIONS = [
  celFunc('ref', [STRING], DYN, (text) => reference(text)),
  celMethod('ref', DYN, [], DYN, function () {
    return reference(textOf(this, 'reference'));
  }),
  celMethod('attestations', DYN, [STRING], DYN, function (kind) {
    return attestationsOf(this, kind);
  }),
  celFunc('semver', [STRING], DYN, (text) => version(text)),
  celMethod('satisfies', DYN, [STRING], BOOL, function (range) {
    return satisfies(textOf(this, 'text'), range);
  }),
  celMethod('compareTo', DYN, [DYN], INT, function (other) {
    return BigInt(semver.compare(textOf(this, 'text'), textOf(other, 'text')));
  }),
  celFunc('cap', [STRING], STRING, capability),
  celFunc('ip', [STRING], DYN, (text) => address(text)),
  celMethod('within', DYN, [STRING], BOOL, function (range) {
    return inBlock(this, blockOf(range));
  }),
  celMethod('isLoopback', DYN, [], BOOL, function () {
    return inBlock(this, blockOf(...LOOPBACK));
  }),
  celMethod('isPrivate', DYN, [], BOOL, function () {
    return inBlock(this, blockOf(...PRIVATE));
  }),
  celFunc('path.under', [STRING, STRING], BOOL, under),
  celFunc('glob', [STRING, STRING], BOOL, (pattern, text) => matchesReference(pattern, text)),
] as unknown as readonly CelFunc[];
