// SPDX-License-Identifier: Apache-2.0
import type { ControlName, Limit, Source } from '../../policies/index.ts';
import { type Context, denied, invalid } from './context.ts';
import { RLIM_INFINITY } from './json.ts';
import type { Rlimit } from './spec.ts';

const BY_POLICY = {
  NOFILE: 'nofile',
  NPROC: 'nproc',
  CORE: 'core',
  MEMLOCK: 'memlock',
  FSIZE: 'fsize',
} as const satisfies Record<string, ControlName>;
/** getrlimit(2). */
const KNOWN = [
  'AS',
  'CORE',
  'CPU',
  'DATA',
  'FSIZE',
  'LOCKS',
  'MEMLOCK',
  'MSGQUEUE',
  'NICE',
  'NOFILE',
  'NPROC',
  'RSS',
  'RTPRIO',
  'RTTIME',
  'SIGPENDING',
  'STACK',
];
/** What a shell gives; Node raises its own soft limit to the hard one, which must not reach the container. */
const NOFILE_SOFT = 1024;

interface Bound {
  soft: number;
  hard: number;
}

const finite = (value: number): number => (value < 0 ? Infinity : value);

/** Where a limit comes from, in the words of a reason. */
function describe(bound: Bound): string {
  const show = (value: number): string => (value === Infinity ? 'unlimited' : String(value));
  return bound.soft === bound.hard ? show(bound.hard) : `${show(bound.soft)}:${show(bound.hard)}`;
}

function byPolicy(name: string, limit: Limit): Bound {
  const soft = name === 'NOFILE' ? Math.min(NOFILE_SOFT, limit.value) : limit.value;
  return { soft: limit.soft ?? soft, hard: limit.value };
}

/** What the request asks for: within the policy's limit, which it only lowers, and within what the host can give. */
function byRequest({ request }: Context, name: string, bound: Bound, by: Source | undefined, host: number): Bound {
  const asked = request.limits.ulimits.filter((limit) => ulimitName(limit.name) === name).at(-1);
  if (asked === undefined) return bound;
  const wanted = { soft: finite(asked.soft), hard: finite(asked.hard) };
  const typed = `${name.toLowerCase()}=${describe(wanted)}`;
  if (wanted.soft > wanted.hard) throw invalid('--ulimit', typed, 'a soft limit of at most the hard limit');
  if (by !== undefined && wanted.hard > bound.hard) throw denied(`--ulimit ${typed}`, by, `at most ${describe(bound)}`);
  if (wanted.hard > host)
    throw invalid('--ulimit', typed, `within this host's hard limit of ${host}, which cannot be raised`);
  return wanted;
}

/** `nofile`, `NOFILE`, `RLIMIT_NOFILE`. */
function ulimitName(typed: string): string {
  const name = typed.toUpperCase().replace(/^RLIMIT_/, '');
  if (!KNOWN.includes(name)) throw invalid('--ulimit', typed, `one of ${KNOWN.join(', ').toLowerCase()}`);
  return name;
}

const specLimit = (value: number): number => Math.min(value, RLIM_INFINITY);

/**
 * Limits of each process, sorted by name. Hard limits are only ever lowered: raising one needs CAP_SYS_RESOURCE.
 * @throws SecureError INVALID_VALUE, POLICY_DENIED
 */
export function planRlimits(context: Context): Rlimit[] {
  const { policy, host, request, reasons } = context;
  const names = new Set<string>([
    ...Object.keys(BY_POLICY),
    ...request.limits.ulimits.map(({ name }) => ulimitName(name)),
  ]);
  return [...names].sort().flatMap((name): Rlimit[] => {
    const type = `RLIMIT_${name}`;
    const control = (BY_POLICY as Readonly<Record<string, (typeof BY_POLICY)[keyof typeof BY_POLICY]>>)[name];
    const sourced = control === undefined ? undefined : policy.run[control];
    const top = finite(host.rlimits[type]?.hard ?? -1);
    const wanted = byRequest(
      context,
      name,
      sourced ? byPolicy(name, sourced.value) : { soft: top, hard: top },
      sourced?.by,
      top,
    );
    const hard = Math.min(wanted.hard, top);
    const bound = { soft: Math.min(wanted.soft, hard), hard };
    if (sourced !== undefined) {
      const off = sourced.value.value === Infinity && wanted.hard === Infinity;
      const why =
        wanted.hard > top
          ? `the host's hard limit, lower than the policy's ${describe(wanted)}`
          : 'limit of each process';
      const status = off ? 'off' : 'enforced';
      reasons.add({
        control: `rlimit-${name.toLowerCase()}`,
        decision: describe(bound),
        by: sourced.by,
        why,
        status,
        required: !off && sourced.value.required,
      });
    }
    // Unlimited by everyone: the process keeps what it inherits, which is unlimited too.
    return bound.hard === Infinity && bound.soft === Infinity
      ? []
      : [{ type, soft: specLimit(bound.soft), hard: specLimit(bound.hard) }];
  });
}
