// SPDX-License-Identifier: Apache-2.0
// From the flags of `secure run` to a request, which says what was asked for and nothing about what is decided.
import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Interfaces } from '@oclif/core';
import { SecureError } from '../../errors.ts';
import { type Inputs, isMissing } from '../../runtime/inputs.ts';
import { checkNetworkRequest } from '../../runtime/plan/network.ts';
import type {
  ExtraCa,
  LimitRequest,
  LogRequest,
  RunRequest,
  TmpfsRequest,
  VolumeRequest,
} from '../../runtime/plan/types.ts';
import { invalidValue } from '../read.ts';
import type { BindText, MountText } from '../values/mount.ts';
import { readEnvironment } from './env.ts';
import type { RUN_FLAGS } from './flags.ts';

type Values<T> = { [K in keyof T]: T[K] extends Interfaces.Flag<infer V> ? V : never };
export type RunFlags = Values<typeof RUN_FLAGS>;

/** Without the keys that were not given: the request types tell an absent limit from one that was asked for. */
function given<T extends Record<string, unknown>>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as ReturnType<
    typeof given<T>
  >;
}

/**
 * The source of a bind. The path as typed is what gets recorded: stat follows its links, so a link that is
 * pointed elsewhere later makes the plan stale.
 */
function bind(mount: BindText, cwd: string, inputs: Inputs): VolumeRequest {
  const typed = resolve(cwd, mount.source);
  inputs.stat(typed);
  try {
    return { source: realpathSync.native(typed), destination: mount.destination, options: mount.options };
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw invalidValue(
      mount.flag,
      mount.text,
      `a source that exists: there is no ${typed} (it is not made, as a typing slip would go unnoticed)`,
    );
  }
}

function limits(flags: RunFlags): LimitRequest {
  return {
    ...given({
      memory: flags.memory,
      memorySwap: flags['memory-swap'],
      cpus: flags.cpus,
      cpuset: flags['cpuset-cpus'],
      pids: flags['pids-limit'],
      shmSize: flags['shm-size'],
    }),
    ulimits: flags.ulimit ?? [],
  };
}

/** Only what was given, so that the image's health check and the defaults stand for the rest. */
function monitor(flags: RunFlags): Pick<RunRequest, 'restart' | 'health' | 'noHealthcheck' | 'log'> {
  const health = given({
    command: flags['health-cmd'],
    interval: flags['health-interval'],
    timeout: flags['health-timeout'],
    startPeriod: flags['health-start-period'],
    startInterval: flags['health-start-interval'],
    retries: flags['health-retries'],
  });
  const log: LogRequest = Object.assign({}, ...(flags['log-opt'] ?? []));
  if (flags['log-driver'] !== undefined) log.driver = flags['log-driver'] as 'json-file' | 'local' | 'none';
  return {
    ...given({ restart: flags.restart }),
    ...(Object.keys(health).length === 0 ? {} : { health }),
    ...(flags['no-healthcheck'] ? { noHealthcheck: true } : {}),
    ...(Object.keys(log).length === 0 ? {} : { log }),
  };
}

/** As curl(1) and most programs read them: in both cases of letters. */
const PROXIES = ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'ALL_PROXY', 'NO_PROXY'];

function proxyEnv(inputs: Inputs): string[] {
  return PROXIES.flatMap((name) => [name, name.toLowerCase()]).flatMap((name) => {
    const value = inputs.env(name);
    return value === undefined || value === '' ? [] : [`${name}=${value}`];
  });
}

function network(flags: RunFlags, inputs: Inputs) {
  return {
    ...(flags.network === undefined ? {} : { network: flags.network as 'none' | 'bridge' }),
    publish: (flags.publish ?? []).flat(),
    publishAll: flags['publish-all'],
    dns: flags.dns ?? [],
    dnsSearch: flags['dns-search'] ?? [],
    dnsOptions: flags['dns-option'] ?? [],
    addHosts: flags['add-host'] ?? [],
    ...(flags['proxy-env'] ? { proxyEnv: proxyEnv(inputs) } : {}),
  };
}

async function extraCasOf(flags: RunFlags, cwd: string, inputs: Inputs): Promise<ExtraCa[]> {
  const paths = flags['extra-ca'] ?? [];
  if (paths.length === 0) return [];
  const { readExtraCas } = await import('./trust.ts');
  return readExtraCas(paths, cwd, inputs);
}

function checkTogether(flags: RunFlags): void {
  const { memory, 'memory-swap': swap } = flags;
  if (swap !== undefined && memory === undefined) {
    throw new SecureError('USAGE', '--memory-swap needs --memory', { hint: 'it is the sum of memory and swap' });
  }
  if (swap !== undefined && memory !== undefined && swap !== -1 && swap < memory) {
    throw invalidValue(
      '--memory-swap',
      String(swap),
      `at least --memory (${memory}): it is the sum of memory and swap`,
    );
  }
}

/**
 * The request of one command line. `operands` are the image and everything after it.
 * @throws SecureError MISSING_ARGUMENT, INVALID_VALUE, USAGE
 */
export async function readRequest(
  flags: RunFlags,
  operands: readonly string[],
  profile: string,
  cwd: string,
  inputs: Inputs,
): Promise<RunRequest> {
  const [image, ...args] = operands;
  if (image === undefined || image === '') {
    throw new SecureError('MISSING_ARGUMENT', "'secure run' needs an IMAGE", {
      hint: "secure run [FLAGS] IMAGE [COMMAND…]; see 'secure run --help'",
    });
  }
  checkTogether(flags);
  const mounts: MountText[] = [...(flags.volume ?? []), ...(flags.mount ?? []), ...(flags.tmpfs ?? [])];
  const binds = mounts.filter((mount) => mount.kind === 'bind');
  const tmpfs = mounts.filter((mount) => mount.kind === 'tmpfs');
  const { entrypoint } = flags;
  const extraCas = await extraCasOf(flags, cwd, inputs);
  const request: RunRequest = {
    image,
    args,
    ...(entrypoint === undefined ? {} : { entrypoint: entrypoint === '' ? [] : [entrypoint] }),
    profile,
    detach: flags.detach,
    tty: flags.tty,
    interactive: flags.interactive,
    remove: flags.rm,
    env: readEnvironment(flags['env-file'] ?? [], flags.env ?? [], cwd, inputs),
    ...given({
      name: flags.name,
      workdir: flags.workdir,
      user: flags.user,
      hostname: flags.hostname,
      stopSignal: flags['stop-signal'],
      stopTimeout: flags['stop-timeout'],
    }),
    ...monitor(flags),
    ...(flags['read-only'] ? { readOnly: true } : {}),
    groupAdd: flags['group-add'] ?? [],
    volumes: binds.map((mount) => bind(mount, cwd, inputs)),
    tmpfs: tmpfs.map(({ destination, options }): TmpfsRequest => ({ destination, options })),
    capAdd: flags['cap-add'] ?? [],
    capDrop: flags['cap-drop'] ?? [],
    securityOpt: flags['security-opt'] ?? [],
    privileged: flags.privileged,
    ...network(flags, inputs),
    extraCas,
    limits: limits(flags),
    trust: flags.trust,
    enforcement: flags.enforcement === 'best-effort' ? 'best-effort' : 'required',
  };
  checkNetworkRequest(request);
  return request;
}
