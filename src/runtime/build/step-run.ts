// SPDX-License-Identifier: Apache-2.0
// One RUN: a container on what the stage has so far. Its upper directory becomes the layer.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SecureError } from '../../errors.ts';
import type { EffectivePolicy } from '../../policies/index.ts';
import { runtimeBinary } from '../binary.ts';
import { findContainer } from '../containers/containers.ts';
import { parseFailure } from '../containers/native.ts';
import { rootOf, withWritten } from '../containers/root.ts';
import type { LayerMember } from '../images/layer/archive.ts';
import type { Tree } from '../images/layer/tree.ts';
import type { StoreRoots } from '../images/roots.ts';
import { forBuild, withBuildMounts } from '../plan/build.ts';
import { planJson } from '../plan/json.ts';
import { createPlan } from '../plan/plan.ts';
import type { Mount } from '../plan/spec.ts';
import type { HostFacts, ImageFacts, NetworkSettings, RunRequest } from '../plan/types.ts';
import { Lines } from './lines.ts';
import { failed } from './problems.ts';
import { removeStep } from './sweep.ts';

export interface RunStep {
  readonly args: readonly string[];
  /** `K=V` besides those of the image. */
  readonly env: readonly string[];
  readonly image: ImageFacts;
  readonly network: 'none' | 'bridge' | undefined;
  readonly mounts: readonly Mount[];
  /** What must not be seen in the output. */
  readonly secrets: readonly Buffer[];
}

export interface RunHost {
  readonly policy: EffectivePolicy;
  readonly host: HostFacts;
  readonly network: NetworkSettings;
  readonly roots: StoreRoots;
  /** For files of the step. */
  readonly directory: string;
  readonly signal: AbortSignal | undefined;
  readonly onLine: (line: string) => void;
}

function requestOf(step: RunStep, name: string): RunRequest {
  return {
    image: step.image.reference,
    args: step.args,
    entrypoint: [],
    name,
    detach: false,
    tty: false,
    interactive: false,
    remove: false,
    env: step.env,
    groupAdd: [],
    volumes: [],
    tmpfs: [],
    capAdd: [],
    capDrop: [],
    securityOpt: [],
    privileged: false,
    ...(step.network === undefined ? {} : { network: step.network }),
    publish: [],
    publishAll: false,
    dns: [],
    dnsSearch: [],
    dnsOptions: [],
    addHosts: [],
    extraCas: [],
    limits: { ulimits: [] },
    noHealthcheck: true,
    log: { driver: 'none' },
    trust: true,
    enforcement: 'required',
  };
}

/** Resolves with the exit code and the last lines of stderr. */
function launch(
  plan: string,
  name: string,
  { roots, signal, onLine }: RunHost,
  secrets: readonly Buffer[],
): Promise<{ code: number; tail: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(runtimeBinary(), ['--error-format', 'json', 'launch', plan], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { SECURE_STATE_ROOT: roots.state, SECURE_RUN_ROOT: roots.run },
    });
    let tail = '';
    const out = new Lines(secrets, onLine);
    const err = new Lines(secrets, (line) => {
      tail = `${tail}${line}\n`.slice(-64 * 1024);
      onLine(line);
    });
    child.stdout.on('data', (chunk: Buffer) => out.write(chunk)).on('end', () => out.end());
    child.stderr.on('data', (chunk: Buffer) => err.write(chunk)).on('end', () => err.end());
    // A command may not care about signals, and may not have begun: asked until it is gone.
    let stopping: NodeJS.Timeout | undefined;
    const stop = () => {
      const again = () => void removeStep(name).catch(() => {});
      again();
      stopping = setInterval(again, 300);
    };
    signal?.addEventListener('abort', stop, { once: true });
    child.on('error', reject);
    child.on('close', (code, killed) => {
      signal?.removeEventListener('abort', stop);
      clearInterval(stopping);
      resolve({ code: code ?? 128 + (killed === null ? 0 : 1), tail });
    });
  });
}

/** What failed before the command ran says so in its last line. */
function refusal(code: number, tail: string): SecureError | undefined {
  if (code !== 125) return undefined;
  const line = tail.trimEnd().split('\n').at(-1) ?? '';
  const error = parseFailure(line, 'launch', 'code 125');
  return error.code === 'RUNTIME_FAILED' ? undefined : error;
}

/**
 * Run it, and hand over the members of the layer that it made while its files are there.
 * @throws SecureError BUILD_FAILED when the command fails, and everything of a run
 */
export async function runStep<T>(
  step: RunStep,
  context: RunHost,
  below: Tree,
  latest: number | undefined,
  use: (members: Iterable<LayerMember>) => Promise<T>,
): Promise<T> {
  const name = `build-${randomBytes(6).toString('hex')}`;
  const { policy, host, network, roots, signal } = context;
  const request = requestOf(step, name);
  const planned = createPlan({
    request,
    image: step.image,
    policy: forBuild(policy),
    host,
    network,
    roots,
    inputs: [],
  });
  const plan = withBuildMounts(planned, step.mounts);
  if (plan.secure.apparmor !== undefined) {
    const { loadAppArmor } = await import('../apparmor.ts');
    loadAppArmor(plan.process.apparmorProfile ?? '', plan.secure.apparmor);
  }
  const path = join(context.directory, `${name}.json`);
  writeFileSync(path, `${planJson(plan)}\n`, { mode: 0o600 });
  try {
    const { code, tail } = await launch(path, name, context, step.secrets);
    signal?.throwIfAborted();
    const refused = refusal(code, tail);
    if (refused !== undefined) throw refused;
    if (code !== 0) throw commandFailed(step, code);
    const container = await findContainer(name);
    return await withWritten(await rootOf(container), below, latest, use);
  } finally {
    await removeStep(name);
  }
}

function commandFailed({ args }: RunStep, code: number): SecureError {
  const [program = ''] = args;
  const why =
    code === 127
      ? `${program}, or a program that it calls, is not in the image`
      : code === 126
        ? `${program} cannot be executed`
        : code > 128
          ? `it was ended by signal ${code - 128}`
          : `it ended with exit code ${code}`;
  return failed(`the command failed: ${why}`, 'what it printed is above; steps before it are kept and not done again');
}
