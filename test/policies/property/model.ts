// SPDX-License-Identifier: Apache-2.0
// What policies may give, told without the lattices of src/policies: each control is a set of single permissions, and who may give one is asked of every
// policy below, one permission at a time. Values are those of the files, as YAML reads them.
import { parse } from 'yaml';
import { builtinText, PROFILES } from '../../../src/policies/index.ts';

/** A control's name and one thing that it can permit. */
export type Permission = readonly [control: string, what: string | number];
type Values = Readonly<Record<string, unknown>>;

/** A policy file as it was made up. */
export interface Made {
  readonly name: string;
  readonly extends: readonly string[];
  readonly run: Values;
  readonly ceilings: Values;
  readonly workloads: readonly { readonly match: string; readonly grants: Values }[];
}

interface Kind {
  readonly permissions: readonly (string | number)[];
  has(value: unknown, what: string | number): boolean;
}

/** Values from tight to loose; each permits itself and what is tighter. */
const steps = (...order: readonly string[]): Kind => ({
  permissions: order,
  has: (value, what) => order.indexOf(String(what)) <= order.indexOf(String(value)),
});
const given = (...names: readonly string[]): Kind => ({
  permissions: names,
  has: (value, what) => (value as string[]).includes(String(what)),
});
const when = (value: boolean): Kind => ({ permissions: ['it'], has: (found) => found === value });
const covers = (patterns: readonly string[], path: string): boolean =>
  patterns.some(
    (pattern) => pattern === path || (pattern.endsWith('/**') && `${path}/`.startsWith(pattern.slice(0, -2))),
  );
const DIRECTORIES = ['/tmp', '/run', '/data', '/srv', '/home/u', '/var/cache/nginx', '/opt'];
const places: Kind = {
  permissions: DIRECTORIES.flatMap((path) => [path, `${path}/x`]),
  has: (value, what) => covers(value as string[], String(what)),
};
const hidden: Kind = {
  permissions: ['/proc/kcore', '/proc/cpuinfo', '/proc/keys', '/etc', '/opt', '/srv'],
  has: (value, what) => !(value as string[]).includes(String(what)),
};
const ports: Kind = {
  permissions: [80, 443, 6379, 8080, 9999],
  has: (value, what) => value === 'any' || (value as number[]).includes(Number(what)),
};

const UNITS: Readonly<Record<string, number>> = { Ki: 1024, Mi: 1024 ** 2, Gi: 1024 ** 3 };
export function amount(text: unknown): number {
  if (text === 'unlimited' || text === Infinity) return Infinity;
  const unit = String(text).slice(-2);
  return unit in UNITS ? Number(String(text).slice(0, -2)) * (UNITS[unit] ?? 0) : Number(text);
}

export const AMOUNTS = [0, 64, 1024, 4096, 65_536, 64 * 1024 ** 2, 1024 ** 3, 4 * 1024 ** 3, 64 * 1024 ** 3];
/** `n`: so much; `soft n`: to begin with; `unenforced`: also where the host cannot hold it to that. */
const counted: Kind = {
  permissions: ['unenforced', ...[...AMOUNTS, Infinity].flatMap((n) => [n, `soft ${n}`])],
  has: (value, what) => {
    const whole =
      typeof value === 'object'
        ? (value as { value: unknown; soft?: unknown; enforcement?: string; required?: boolean })
        : { value };
    const most = amount(whole.value);
    if (what === 'unenforced') return whole.enforcement === 'wished' || whole.required === false;
    if (typeof what === 'number') return what <= most;
    return amount(what.slice('soft '.length)) <= Math.min(most, amount(whole.soft ?? most));
  },
};

const level = steps('required', 'wished', 'off');
const origin = steps('refuse', 'signature', 'trust', 'accept');
export const KINDS: Readonly<Record<string, Kind>> = {
  capabilities: given('CHOWN', 'SETUID', 'NET_RAW', 'SYS_PTRACE', 'SYS_ADMIN', 'MKNOD'),
  noNewPrivileges: when(false),
  readOnly: when(false),
  noexec: when(false),
  hostAccess: when(true),
  proxy: when(true),
  'user.nonRoot': when(false),
  'user.namespace': level,
  'seccomp.enforcement': level,
  'seccomp.profile': steps('strict', 'default', 'baseline'),
  'seccomp.allow': given('debug', 'jit', 'io_uring', 'perf'),
  'landlock.files': level,
  'landlock.scopes': level,
  lsm: steps('required', 'required-where-enforced', 'wished', 'off'),
  network: steps('none', 'bridge'),
  publishAddress: steps('loopback', 'ask', 'any'),
  'origins.pulled': origin,
  'origins.imported': origin,
  'binds.access': steps('read-only', 'ask', 'read-write'),
  'binds.sources': places,
  writable: places,
  ports,
  egress: ports,
  pids: counted,
  memory: counted,
  nofile: counted,
  nproc: counted,
  fsize: counted,
  maskedPaths: hidden,
  'binds.deny': hidden,
};
export const CONTROLS = Object.keys(KINDS);
const ADDS = new Set(['maskedPaths', 'binds.deny']);

function nested(tree: unknown, name: string): unknown {
  return name.split('.').reduce((node, key) => (node as Values | undefined)?.[key], tree);
}
const flat = (tree: unknown): Values =>
  Object.fromEntries(
    CONTROLS.map((name) => [name, nested(tree, name)] as const).filter(([, value]) => value !== undefined),
  );

const builtins = new Map(
  PROFILES.map((name): [string, Made] => {
    const { run } = parse(builtinText(name)) as { run: { ceilings?: unknown } };
    return [name, { name, extends: [], run: flat(run), ceilings: flat(run.ceilings), workloads: [] }];
  }),
);

export class Model {
  readonly #files: ReadonlyMap<string, Made>;
  readonly top: Made;

  /** @param files the first one is asked for */
  constructor(files: readonly Made[]) {
    const [first] = files as [Made];
    const known = new Map([...builtins, ...files.map((file): [string, Made] => [file.name, file])]);
    this.#files = known;
    this.top = first;
    // A policy that stands on none of the profiles is measured against the default one.
    if (![...this.below(first)].some(({ name }) => builtins.has(name)))
      this.top = { ...first, extends: [...first.extends, 'default'] };
    this.#files = new Map([...known, [this.top.name, this.top]]);
  }

  parents({ extends: names }: Made): Made[] {
    return names.map((name) => this.#files.get(name) as Made);
  }

  /** A policy and all that it stands on. */
  *below(file: Made): Generator<Made> {
    yield file;
    for (const parent of this.parents(file)) yield* this.below(parent);
  }

  /** Whether containers of a policy get it; undefined: it leaves that to others. */
  gives(file: Made, [control, what]: Permission): boolean | undefined {
    const kind = KINDS[control] as Kind;
    const own = file.run[control];
    const inherited = this.parents(file).flatMap((parent) => {
      const ceiling = parent.ceilings[control];
      return this.gives(parent, [control, what]) ?? (ceiling === undefined ? [] : kind.has(ceiling, what));
    });
    if (own !== undefined && !(ADDS.has(control) && !inherited.every(Boolean))) return kind.has(own, what);
    return inherited.length === 0 ? undefined : inherited.every(Boolean);
  }

  /** Whether those who stand on it may give it: nobody below says no. */
  permits(file: Made, permission: Permission): boolean {
    const [control, what] = permission;
    const kind = KINDS[control] as Kind;
    if (!this.parents(file).every((parent) => this.permits(parent, permission))) return false;
    const [own, ceiling] = [file.run[control], file.ceilings[control]];
    if (own === undefined && ceiling === undefined) return true;
    if (own !== undefined && kind.has(own, what)) return true;
    if (ceiling !== undefined && kind.has(ceiling, what)) return true;
    return own === undefined && this.gives(file, permission) === true;
  }

  /** What files ask for beyond what those below permit: a reason to refuse. Ceilings of what only hides give nothing. */
  beyond(): string[] {
    const found: string[] = [];
    for (const file of this.below(this.top)) {
      const asked: [Values, (permission: Permission) => boolean][] = [
        [file.run, (one) => this.parents(file).every((parent) => this.permits(parent, one))],
        [file.ceilings, (one) => this.parents(file).every((parent) => this.permits(parent, one))],
        ...file.workloads.map(({ grants }): [Values, (permission: Permission) => boolean] => [
          grants,
          (one) => this.permits(file, one),
        ]),
      ];
      for (const [values, permitted] of asked)
        for (const [control, value] of Object.entries(values))
          for (const what of ADDS.has(control) ? [] : (KINDS[control]?.permissions ?? []))
            if (KINDS[control]?.has(value, what) && !permitted([control, what]))
              found.push(`${file.name} ${control} ${what}`);
    }
    return found;
  }
}

/** Everything that a value permits, of what the model knows. */
export const permissionsOf = (control: string, value: unknown): Permission[] =>
  (KINDS[control]?.permissions ?? []).filter((what) => KINDS[control]?.has(value, what)).map((what) => [control, what]);
