// SPDX-License-Identifier: Apache-2.0
// -v, --mount and --tmpfs. Whether a mount is allowed is for the plan to say; here it is only read.
import type { TmpfsRequest } from '../../runtime/plan/types.ts';
import { invalidValue } from '../read.ts';
import { parseSize } from './size.ts';

/** A bind before its source was looked up. */
export interface BindText {
  readonly kind: 'bind';
  /** The flag and its value as typed, for errors about the source. */
  readonly flag: string;
  readonly text: string;
  readonly source: string;
  readonly destination: string;
  readonly options: readonly string[];
}
export type MountText = BindText | ({ readonly kind: 'tmpfs' } & TmpfsRequest);

const VOLUME = 'SOURCE:DESTINATION[:OPTIONS] with an absolute or ./relative source, such as ./site:/srv:ro';

const isPath = (source: string): boolean => /^(\/|\.\.?(\/|$))/.test(source);

function checkBind(flag: string, text: string, source: string, destination: string, expected: string): void {
  if (/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(source)) {
    throw invalidValue(flag, text, `a path: named volumes do not exist yet; ./${source} is the directory of that name`);
  }
  if (!isPath(source) || !destination.startsWith('/')) throw invalidValue(flag, text, expected);
}

/** `-v SOURCE:DESTINATION[:OPTIONS]`. @throws SecureError INVALID_VALUE */
export function parseVolume(flag: string, text: string): BindText {
  const parts = text.split(':');
  const [source = '', destination, options] = parts;
  if (parts.length === 1 && source.startsWith('/')) {
    throw invalidValue(flag, text, `${VOLUME}: anonymous volumes do not exist yet; --tmpfs gives an empty directory`);
  }
  if (destination === undefined || parts.length > 3 || options === '') throw invalidValue(flag, text, VOLUME);
  checkBind(flag, text, source, destination, VOLUME);
  return { kind: 'bind', flag, text, source, destination, options: options?.split(',') ?? [] };
}

const MOUNT =
  'type=bind,source=PATH,target=PATH[,readonly][,OPTION] or type=tmpfs,target=PATH[,tmpfs-size=SIZE][,tmpfs-mode=MODE]';
const KEYS: ReadonlyMap<string, string> = new Map([
  ['type', 'type'],
  ['source', 'source'],
  ['src', 'source'],
  ['target', 'target'],
  ['destination', 'target'],
  ['dst', 'target'],
  ['readonly', 'readonly'],
  ['ro', 'readonly'],
  ['tmpfs-size', 'size'],
  ['tmpfs-mode', 'mode'],
]);
const BARE: ReadonlySet<string> = new Set([
  'rw',
  'exec',
  'noexec',
  'suid',
  'nosuid',
  'dev',
  'nodev',
  'rbind',
  'bind',
  'idmap',
]);

/** The fields of one comma-separated record; a field in double quotes may hold commas, and "" is a quote in it (RFC 4180). */
function fields(text: string): string[] | undefined {
  if (!/^(?:"(?:[^"]|"")*"|[^",]+)(?:,(?:"(?:[^"]|"")*"|[^",]+))*$/.test(text)) return undefined;
  return [...text.matchAll(/"((?:[^"]|"")*)"|([^",]+)/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
  );
}

/** `--mount type=bind,...`. @throws SecureError INVALID_VALUE */
export function parseMount(flag: string, text: string): MountText {
  const given = new Map<string, string>();
  const options: string[] = [];
  for (const field of fields(text) ?? [undefined]) {
    const equals = field?.indexOf('=') ?? 0;
    const typed = equals < 0 ? field : field?.slice(0, equals);
    const key = typed === undefined ? undefined : KEYS.get(typed);
    if (equals < 0 && BARE.has(typed ?? '')) options.push(typed ?? '');
    else if (key === undefined || given.has(key)) throw invalidValue(flag, text, MOUNT);
    else given.set(key, equals < 0 ? 'true' : (field?.slice(equals + 1) ?? ''));
  }
  const target = given.get('target') ?? '';
  const readonly = given.get('readonly') ?? 'false';
  if (!target.startsWith('/') || !/^(true|false|1|0)$/.test(readonly)) throw invalidValue(flag, text, MOUNT);
  if (readonly === 'true' || readonly === '1') options.push('ro');
  if (given.get('type') === 'bind' && !given.has('size') && !given.has('mode')) {
    const source = given.get('source') ?? '';
    checkBind(flag, text, source, target, MOUNT);
    return { kind: 'bind', flag, text, source, destination: target, options };
  }
  if (given.get('type') === 'tmpfs' && !given.has('source')) {
    const [size, mode] = [given.get('size'), given.get('mode')];
    if (size !== undefined) options.push(`size=${parseSize(flag, size)}`);
    if (mode !== undefined && !/^[0-7]{3,4}$/.test(mode)) throw invalidValue(flag, text, MOUNT);
    if (mode !== undefined) options.push(`mode=${mode}`);
    return { kind: 'tmpfs', destination: target, options };
  }
  throw invalidValue(flag, text, MOUNT);
}

/** `--tmpfs DESTINATION[:OPTIONS]`. @throws SecureError INVALID_VALUE */
export function parseTmpfs(flag: string, text: string): MountText {
  const colon = text.indexOf(':');
  const destination = colon < 0 ? text : text.slice(0, colon);
  const typed = colon < 0 ? [] : text.slice(colon + 1).split(',');
  if (!destination.startsWith('/') || typed.includes('')) {
    throw invalidValue(flag, text, 'DESTINATION[:OPTIONS] such as /run:size=16m,mode=0755');
  }
  const options = typed.map((option) =>
    option.startsWith('size=') ? `size=${parseSize(flag, option.slice(5))}` : option,
  );
  return { kind: 'tmpfs', destination, options };
}
