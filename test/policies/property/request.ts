// SPDX-License-Identifier: Apache-2.0
// Requests that ask for more than they get, and what a plan permits in the end.
import type { Plan } from '../../../src/runtime/plan/plan.ts';
import type { RunRequest } from '../../../src/runtime/plan/types.ts';
import type { Random } from '../../support/random.ts';
import type { Permission } from './model.ts';

/** With one wish or two, so that some of them are met. */
export function makeRequest({ pick, int }: Random): Partial<RunRequest> {
  const port = pick([80, 443, 6379, 8080, 9999]);
  const wishes: readonly Partial<RunRequest>[] = [
    { capAdd: [pick(['CHOWN', 'SETUID', 'NET_RAW', 'SYS_PTRACE', 'SYS_ADMIN', 'ALL'])] },
    { user: pick(['0', 'app', '1000:0']) },
    { readOnly: pick([true, false]) },
    { securityOpt: [pick(['no-new-privileges=false', 'seccomp=baseline', 'seccomp=default', 'seccomp=strict'])] },
    { network: pick(['none', 'bridge']) },
    {
      volumes: [
        {
          source: pick(['/srv/a', '/data/x', '/home/u/x', '/opt/y']),
          destination: '/x',
          options: pick([[], ['rw'], ['exec', 'rw']]),
        },
      ],
    },
    { tmpfs: [{ destination: '/t', options: pick([[], ['exec']]) }] },
    { publish: [{ text: `${port}`, protocol: 'tcp', containerPort: port, ...pick([{}, { hostAddress: '0.0.0.0' }]) }] },
    { addHosts: [{ name: 'host', address: 'host-gateway' }] },
    { proxyEnv: ['HTTP_PROXY=http://x'] },
    { trust: true },
    { limits: { ulimits: [], memory: pick([2 ** 21, 2 ** 26, 2 ** 30, 2 ** 36]) } },
    { limits: { ulimits: [], pids: pick([1, 64, 4096, 65_536]) } },
    {
      limits: { ulimits: [{ name: pick(['nofile', 'nproc', 'fsize']), soft: 64, hard: pick([64, 4096, 65_536, -1]) }] },
    },
  ];
  return Object.assign({}, ...Array.from({ length: 1 + int(2) }, () => pick(wishes)));
}

const flag = (control: string, on: boolean): Permission[] => (on ? [[control, 'it']] : []);
const upTo = (control: string, most: number | undefined, amounts: readonly number[]): Permission[] =>
  [...amounts, Infinity].filter((n) => n <= (most ?? Infinity)).map((n) => [control, n]);

/** What a container of this plan may do, as far as the model has a word for it. */
export function permissionsOfPlan(
  { process, linux, root, mounts, secure }: Plan,
  amounts: readonly number[],
): Permission[] {
  const rlimit = (name: string) => process.rlimits.find(({ type }) => type === `RLIMIT_${name}`)?.hard;
  const binds = mounts.filter(({ type, source }) => type === 'bind' && /^\/(?:srv|data|home|opt)/.test(source));
  const written = mounts.filter(
    ({ destination, options }) => ['/x', '/t'].includes(destination) && !options.includes('ro'),
  );
  return [
    ...process.capabilities.bounding.map((name): Permission => ['capabilities', name.slice('CAP_'.length)]),
    ...flag('noNewPrivileges', !process.noNewPrivileges),
    ...flag('readOnly', !root.readonly),
    ...flag('user.nonRoot', process.user.uid === 0),
    ...flag(
      'noexec',
      written.some(({ options }) => !options.includes('noexec')),
    ),
    ...flag('hostAccess', secure.network?.hostAccess === true),
    ...flag(
      'proxy',
      process.env.some((text) => text.startsWith('HTTP_PROXY=')),
    ),
    ...(secure.network === null ? [] : ([['network', 'bridge']] as const)),
    ...binds.map(
      ({ source }): Permission => [
        'binds.sources',
        source.replace(/\/[xy]$|(?<=\/a)$/, (end) => (end === '/y' ? '/x' : end)),
      ],
    ),
    ...(binds.some(({ options }) => !options.includes('ro')) ? ([['binds.access', 'ask']] as const) : []),
    ...(secure.network?.ports ?? []).map(({ containerPort }): Permission => ['ports', containerPort]),
    ...((secure.network?.ports ?? []).some(({ hostAddress }) => hostAddress !== '127.0.0.1')
      ? ([['publishAddress', 'ask']] as const)
      : []),
    ...(secure.network === null || secure.network.egress === 'none'
      ? []
      : secure.network.egress === 'any'
        ? [80, 443, 6379, 8080, 9999]
        : secure.network.egress
    ).map((port): Permission => ['egress', port]),
    ...upTo('memory', linux.resources.memory?.limit, amounts),
    ...upTo('pids', linux.resources.pids?.limit, amounts),
    ...upTo('nofile', rlimit('NOFILE'), amounts),
    ...upTo('nproc', rlimit('NPROC'), amounts),
    ...upTo('fsize', rlimit('FSIZE'), amounts),
  ];
}
