// SPDX-License-Identifier: Apache-2.0
// RUN --mount=… as BuildKit reads it.
import { failed } from './problems.ts';

interface Common {
  readonly target: string;
  readonly readOnly: boolean;
}
export interface BindMount extends Common {
  readonly type: 'bind';
  /** Stage or image; undefined: the build context. */
  readonly from: string | undefined;
  readonly source: string;
}
export interface CacheMount extends Common {
  readonly type: 'cache';
  readonly id: string;
  readonly sharing: 'shared' | 'private' | 'locked';
  readonly from: string | undefined;
  readonly source: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}
export interface TmpfsMount extends Common {
  readonly type: 'tmpfs';
  /** As mount(8) takes it. */
  readonly size: string | undefined;
}
export interface SecretMount extends Common {
  readonly type: 'secret' | 'ssh';
  readonly id: string;
  readonly required: boolean;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}
export type RunMount = BindMount | CacheMount | TmpfsMount | SecretMount;

const KEYS: Readonly<Record<RunMount['type'], readonly string[]>> = {
  bind: ['target', 'source', 'from', 'readwrite'],
  cache: ['id', 'target', 'readonly', 'sharing', 'from', 'source', 'mode', 'uid', 'gid'],
  tmpfs: ['target', 'size'],
  secret: ['id', 'target', 'required', 'mode', 'uid', 'gid', 'env'],
  ssh: ['id', 'target', 'required', 'mode', 'uid', 'gid'],
};
const ALIASES: Readonly<Record<string, string>> = {
  dst: 'target',
  destination: 'target',
  src: 'source',
  ro: 'readonly',
  rw: 'readwrite',
};

/** A field may be quoted as of CSV, which is what BuildKit takes it for. */
function fields(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, quoted, plain = ''] of text.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)) {
    const field = quoted === undefined ? plain : quoted.replaceAll('""', '"');
    const equals = field.indexOf('=');
    const key = (equals < 0 ? field : field.slice(0, equals)).trim().toLowerCase();
    if (key !== '') found.set(ALIASES[key] ?? key, equals < 0 ? 'true' : field.slice(equals + 1));
  }
  return found;
}

class Fields {
  readonly #text: string;
  readonly #all: Map<string, string>;

  constructor(text: string, expand: (text: string) => string) {
    this.#text = text;
    this.#all = new Map([...fields(text)].map(([key, value]) => [key, expand(value)]));
  }

  fail(why: string) {
    return failed(`--mount=${this.#text}: ${why}`, 'see the reference of RUN --mount');
  }

  text(key: string): string | undefined {
    const value = this.#all.get(key);
    return value === '' ? undefined : value;
  }

  flag(key: string): boolean {
    const value = this.#all.get(key);
    if (value === undefined || value === 'false' || value === '0') return false;
    if (value === 'true' || value === '1') return true;
    throw this.fail(`${key} is true or false`);
  }

  number(key: string, base: 8 | 10, otherwise: number): number {
    const value = this.text(key);
    if (value === undefined) return otherwise;
    const valid = base === 8 ? /^0?[0-7]{3,4}$/.test(value) : /^\d{1,5}$/.test(value);
    const parsed = Number.parseInt(value, base);
    if (!valid || parsed > 65535) throw this.fail(`${key} is ${JSON.stringify(value)}`);
    return parsed;
  }

  known(type: RunMount['type']): void {
    const unknown = [...this.#all.keys()].find((key) => key !== 'type' && !KEYS[type].includes(key));
    if (unknown !== undefined) throw this.fail(`${JSON.stringify(unknown)} is nothing that type=${type} has`);
  }

  target(workdir: string, otherwise?: string): string {
    const target = this.text('target') ?? otherwise;
    if (target === undefined) throw this.fail('it has no target');
    const absolute = target.startsWith('/') ? target : `${workdir}/${target}`;
    if (/(^|\/)\.\.(\/|$)/.test(absolute)) throw this.fail('the target has .. in it');
    const path = `/${absolute
      .split('/')
      .filter((part) => part !== '' && part !== '.')
      .join('/')}`;
    if (path === '/' || /^\/(?:proc|sys|dev)(?:\/|$)/.test(path)) throw this.fail(`nothing can be mounted on ${path}`);
    return path;
  }
}

const SHARING = ['shared', 'private', 'locked'] as const;

/**
 * @param expand replaces variables
 * @param workdir what a relative target counts from
 * @throws SecureError BUILD_FAILED
 */
export function parseMount(text: string, workdir: string, expand: (text: string) => string): RunMount {
  const fields = new Fields(text, expand);
  const type = fields.text('type') ?? 'bind';
  if (!(type in KEYS))
    throw fields.fail(`there is no type ${JSON.stringify(type)}; there are bind, cache, tmpfs, secret, ssh`);
  fields.known(type as RunMount['type']);
  const from = fields.text('from');
  const source = fields.text('source') ?? '/';
  switch (type as RunMount['type']) {
    case 'bind':
      return { type: 'bind', target: fields.target(workdir), from, source, readOnly: !fields.flag('readwrite') };
    case 'cache': {
      const target = fields.target(workdir);
      const sharing = SHARING.find((one) => one === (fields.text('sharing') ?? 'shared'));
      if (sharing === undefined) throw fields.fail('sharing is shared, private or locked');
      const [mode, uid, gid] = [
        fields.number('mode', 8, 0o755),
        fields.number('uid', 10, 0),
        fields.number('gid', 10, 0),
      ];
      return {
        type: 'cache',
        target,
        id: fields.text('id') ?? target,
        sharing,
        from,
        source,
        mode,
        uid,
        gid,
        readOnly: fields.flag('readonly'),
      };
    }
    case 'tmpfs': {
      const size = fields.text('size');
      if (size !== undefined && !/^\d{1,15}[kmg]?$/i.test(size))
        throw fields.fail('the size is a number of bytes, or one with k, m or g');
      return { type: 'tmpfs', target: fields.target(workdir), size, readOnly: false };
    }
    default: {
      const ssh = type === 'ssh';
      if (fields.text('env') !== undefined)
        throw fields.fail(
          'a secret in a variable is seen by every program that the step starts; read it from the file that is mounted',
        );
      const target = fields.text('target');
      const id = fields.text('id') ?? (ssh ? 'default' : target?.slice(target.lastIndexOf('/') + 1));
      if (id === undefined || id === '') throw fields.fail('it has neither id nor target');
      return {
        type: ssh ? 'ssh' : 'secret',
        id,
        target: fields.target(ssh ? workdir : '/run/secrets', ssh ? '/run/buildkit/ssh_agent.0' : id),
        required: fields.flag('required'),
        mode: fields.number('mode', 8, ssh ? 0o600 : 0o400),
        uid: fields.number('uid', 10, 0),
        gid: fields.number('gid', 10, 0),
        readOnly: true,
      };
    }
  }
}
