// SPDX-License-Identifier: Apache-2.0
// Containers as secure-runtime reports them, and the few things that are asked of them.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ExitCode, SecureError } from '../../errors.ts';
import { callRuntime } from './native.ts';

/** One container, see docs/state.md. */
export interface Container {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly profile: string;
  /** `corrupt`: its record cannot be read; all but the id may be empty. */
  readonly status: 'created' | 'running' | 'restarting' | 'stopping' | 'exited' | 'dead' | 'corrupt';
  readonly pid: number;
  readonly monitorPid: number;
  readonly created: string;
  readonly started: string | null;
  readonly finished: string | null;
  readonly exitCode: number | null;
  readonly oomKilled: boolean;
  /** Bytes; null: unlimited, or not known. */
  readonly memory: { readonly oomKills: number; readonly limit: number | null; readonly peak: number | null };
  /** How often its monitor has started it again. */
  readonly restarts: number;
  /** The run before this one. */
  readonly lastRun: {
    readonly exitCode: number;
    readonly oomKilled: boolean;
    readonly finished: string;
    /** Why it could not be started. */
    readonly error: string | null;
  } | null;
  readonly health: Health | null;
  readonly cgroup: string;
  readonly rangeStart: number;
  readonly bundle: string;
}

/** How it answers when it is asked whether it works. */
export interface Health {
  readonly status: 'starting' | 'healthy' | 'unhealthy';
  readonly failingStreak: number;
  /** The last answers, oldest first. `exitCode` -1: not in time. */
  readonly log: readonly {
    readonly start: string;
    readonly end: string;
    readonly exitCode: number;
    readonly output: string;
  }[];
}

/** It runs, or its monitor will see to it. */
export const isLive = ({ status }: Pick<Container, 'status'>): boolean =>
  status === 'running' || status === 'stopping' || status === 'restarting';

/** The parts of a container's filled plan that are shown. */
export interface ContainerConfig {
  readonly process?: {
    readonly args?: readonly string[];
    readonly cwd?: string;
    readonly user?: { readonly uid?: number; readonly gid?: number };
    readonly terminal?: boolean;
    readonly capabilities?: { readonly bounding?: readonly string[] };
    readonly noNewPrivileges?: boolean;
  };
  readonly root?: { readonly readonly?: boolean };
  readonly hostname?: string;
  readonly mounts?: readonly {
    readonly destination: string;
    readonly type?: string;
    readonly source?: string;
    readonly options?: readonly string[];
  }[];
  readonly secure?: {
    readonly image?: { readonly reference: string; readonly digest: string; readonly origin: string };
    readonly reasons?: readonly {
      readonly control: string;
      readonly decision: string;
      readonly status: string;
      readonly required: boolean;
    }[];
    readonly layers?: readonly { readonly path: string }[];
    readonly monitor?: {
      readonly stopSignal?: string;
      readonly stopTimeout?: number;
      readonly remove?: boolean;
      readonly log?: { readonly driver?: string };
      readonly restart?: { readonly policy?: string; readonly retries?: number | null };
    };
  };
}

function parse<T>(text: string, what: string): T {
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new SecureError('RUNTIME_FAILED', `secure-runtime ${what} did not print JSON`, {
      exitCode: ExitCode.internal,
      cause,
    });
  }
}

/** All containers, newest first. */
export async function listContainers(): Promise<Container[]> {
  const { stdout } = await callRuntime(['list']);
  const all = parse<Container[]>(stdout, 'list');
  return all.sort((a, b) => (a.created === b.created ? 0 : a.created < b.created ? 1 : -1));
}

/** By id, unique prefix or name. @throws SecureError NO_SUCH_CONTAINER, AMBIGUOUS_ID */
export async function findContainer(idOrName: string): Promise<Container> {
  const { stdout } = await callRuntime(['state', operand(idOrName)]);
  return parse<Container>(stdout, 'state');
}

/** The plan that a container was made from, with its slots filled; undefined when there is none to read. */
export async function readConfig(container: Container): Promise<ContainerConfig | undefined> {
  if (container.bundle === '') return undefined;
  try {
    return JSON.parse(await readFile(join(container.bundle, 'config.json'), 'utf8')) as ContainerConfig;
  } catch {
    // Removed meanwhile, or damaged: what is known of the container is still worth showing.
    return undefined;
  }
}

/** An id or name may not be taken for a flag of secure-runtime. */
function operand(idOrName: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(idOrName)) return idOrName;
  throw new SecureError('NO_SUCH_CONTAINER', `no container ${JSON.stringify(idOrName.slice(0, 200))}`, {
    hint: "'secure ps -a' lists them",
    exitCode: ExitCode.findings,
  });
}

export interface AttachRequest {
  readonly stdin: boolean;
  readonly proxySignals: boolean;
  /** Undefined: ctrl-p,ctrl-q. */
  readonly detachKeys?: string;
}

/** The command line of secure-runtime that attaches to it. @throws SecureError NO_SUCH_CONTAINER */
export function attachArguments(idOrName: string, request: AttachRequest): string[] {
  const args = ['container', 'attach'];
  if (!request.stdin) args.push('--no-stdin');
  if (!request.proxySignals) args.push('--no-sig-proxy');
  if (request.detachKeys !== undefined) args.push('--detach-keys', request.detachKeys);
  return [...args, operand(idOrName)];
}

/** Send a signal to its init. */
export async function killContainer(idOrName: string, signal: string): Promise<void> {
  await callRuntime(['kill', operand(idOrName), signal]);
}

/** Stop signal, time to end, SIGKILL. `seconds` undefined: what its plan says. */
export async function stopContainer(idOrName: string, seconds: number | undefined): Promise<void> {
  await callRuntime(['stop', ...(seconds === undefined ? [] : ['--time', String(seconds)]), operand(idOrName)]);
}

/** @throws SecureError CONTAINER_RUNNING without `force` */
export async function removeContainer(idOrName: string, force: boolean): Promise<void> {
  await callRuntime(['delete', ...(force ? ['--force'] : []), operand(idOrName)]);
}

/** Its exit code, when it has ended. */
export async function waitContainer(idOrName: string): Promise<number> {
  const { stdout } = await callRuntime(['wait', operand(idOrName)]);
  const text = stdout.trim();
  if (/^\d{1,3}$/.test(text)) return Number(text);
  throw new SecureError('RUNTIME_FAILED', `secure-runtime wait printed ${JSON.stringify(text.slice(0, 80))}`, {
    exitCode: ExitCode.internal,
  });
}

/** One hardening control: what was planned, and what the kernel says about the live process. */
export interface EnforcedControl {
  readonly control: string;
  readonly planned: unknown;
  /** null: it could not be proven either way. */
  readonly inForce: boolean | null;
  readonly actual: unknown;
  readonly evidence: unknown;
  readonly required?: boolean;
}
export interface Enforced {
  readonly id: string;
  readonly pid: number;
  readonly controls: readonly EnforcedControl[];
}

/** Read back from the kernel. @throws SecureError CONTAINER_NOT_RUNNING */
export async function readEnforced(idOrName: string): Promise<Enforced> {
  const { stdout } = await callRuntime(['enforced', operand(idOrName)]);
  return parse<Enforced>(stdout, 'enforced');
}

/** A required control that is not proven counts as missing: what cannot be shown is not promised. */
export function missingControls(enforced: Enforced): EnforcedControl[] {
  return enforced.controls.filter((control) => control.required !== false && control.inForce !== true);
}
