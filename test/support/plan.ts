// SPDX-License-Identifier: Apache-2.0
// Plans as tests bend them: decided by the real command line, changed, and carried out by the real runtime.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runtimeBinary } from '../../src/runtime/binary.ts';
import type { Result, Secure } from './secure.ts';

/** docs/network.md */
export interface LooseNetwork {
  driver: string;
  bridge: string;
  subnet4: string;
  subnet6: string | null;
  address4: string;
  address6: string | null;
  egress: 'none' | 'any' | number[];
  hostAccess: boolean;
  ports: { protocol: string; hostAddress: string; hostPort: number; containerPort: number }[];
}

/** What the tests change; everything else is passed through. */
export interface LoosePlan {
  process: {
    args: string[];
    user: { uid: number; gid: number };
    capabilities: Record<'bounding' | 'effective' | 'permitted', string[]>;
    noNewPrivileges: boolean;
    rlimits: { type: string; soft: number; hard: number }[];
  };
  root: { readonly: boolean };
  mounts: { destination: string; type: string; source: string; options: string[] }[];
  linux: {
    namespaces: { type: string }[];
    uidMappings?: unknown;
    gidMappings?: unknown;
    resources: { devices: unknown[]; memory?: { limit?: number; swap?: number }; pids?: { limit: number } };
    seccomp?: unknown;
    maskedPaths: string[];
    readonlyPaths: string[];
  };
  secure: {
    landlock: unknown;
    range: unknown;
    network: LooseNetwork | null;
    files: { name: string; parts: string[] }[];
    layers: { path: string }[];
    monitor: { detach: boolean; remove: boolean };
    slots: { at: string; type: string; suffix?: string }[];
  };
}

/** The plan that `secure run ARGS` would carry out. */
export async function planOf(secure: Secure, ...args: readonly string[]): Promise<LoosePlan> {
  const result = await secure.run('run', '--dry-run', '--json', ...args);
  if (result.code !== 0) throw new Error(`run --dry-run: ${result.code} ${result.stderr}`);
  const printed = JSON.parse(result.stdout) as { plan?: LoosePlan } & LoosePlan;
  return printed.plan ?? printed;
}

let count = 0;
/** Store a plan as the command line does: owned by the caller, writable by nobody else. */
export function storePlan(secure: Secure, plan: LoosePlan): string {
  const path = join(secure.root, `plan-${count++}.json`);
  writeFileSync(path, JSON.stringify(plan), { mode: 0o600 });
  return path;
}

/** `secure-runtime launch PLAN` or `secure-runtime container ARGS` in the instance's environment. */
export function runtime(secure: Secure, ...args: readonly string[]): Promise<Result> {
  const [program, ...words] = secure.words([runtimeBinary(), ...(args[0] === 'launch' ? [] : ['container']), ...args]);
  return new Promise((resolve) => {
    execFile(program, words, { env: { ...secure.env }, maxBuffer: 1 << 26 }, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    );
  });
}

/** Carry out a plan with another command. */
export function launch(secure: Secure, plan: LoosePlan, ...command: readonly string[]): Promise<Result> {
  const bent = structuredClone(plan);
  if (command.length > 0) bent.process.args = [...command];
  return runtime(secure, 'launch', storePlan(secure, bent));
}

/** The same in the background, and stored when it ends; its id. */
export async function background(secure: Secure, plan: LoosePlan, ...command: readonly string[]): Promise<string> {
  const waiting = bend(plan, ({ secure: { monitor } }) => Object.assign(monitor, { detach: true, remove: false }));
  const { code, stdout, stderr } = await launch(secure, waiting, ...command);
  if (code !== 0) throw new Error(`launch: ${code} ${stderr}`);
  return stdout.trim();
}

/** Without a user namespace, and so without what is mapped through it. */
export function dropUserNamespace(plan: LoosePlan): void {
  plan.linux.namespaces = plan.linux.namespaces.filter(({ type }) => type !== 'user');
  delete plan.linux.uidMappings;
  delete plan.linux.gidMappings;
  plan.secure.range = null;
  plan.secure.slots = plan.secure.slots.filter(({ type }) => type !== 'range-start');
  for (const mount of plan.mounts) mount.options = mount.options.filter((option) => option !== 'idmap');
}

/** A changed copy. */
export function bend(plan: LoosePlan, change: (plan: LoosePlan) => void): LoosePlan {
  const copy = structuredClone(plan);
  change(copy);
  return copy;
}
