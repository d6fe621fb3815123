// SPDX-License-Identifier: Apache-2.0
// Containers of containerd and CRI-O by the bundles that they gave their runtime: what really runs. Neither is asked anything, so that none
// of both has to answer; only root can read bundles.

import { object, text } from '../container/json.ts';
import { parsePlan } from '../container/plan.ts';
import { readProcess } from '../container/process.ts';
import type { ContainerFacts } from '../container.ts';
import type { EngineName } from '../engine.ts';
import { Tree } from '../host/tree.ts';

export type TaskEngine = Extract<EngineName, 'containerd' | 'crio'>;

/** NAMESPACE/ID below it. */
const CONTAINERD = '/run/containerd/io.containerd.runtime.v2.task';
/** ID/userdata below it; podman has its own there, too. */
const CRIO = '/run/containers/storage/overlay-containers';
/** dockerd's containers, which it is asked about itself. */
const DOCKERS = 'moby';
const MAX_TASKS = 10_000;

interface Bundle {
  readonly id: string;
  readonly name: string;
  readonly directory: string;
  readonly pidFile: string;
}

function bundles(tree: Tree, engine: TaskEngine): Bundle[] | undefined {
  if (engine === 'crio') {
    return tree.list(CRIO)?.map((id) => {
      const directory = `${CRIO}/${id}/userdata`;
      return { id, name: id.slice(0, 12), directory, pidFile: `${directory}/pidfile` };
    });
  }
  const namespaces = tree.list(CONTAINERD)?.filter((name) => name !== DOCKERS);
  const found = namespaces?.flatMap((namespace) =>
    (tree.list(`${CONTAINERD}/${namespace}`) ?? []).map((id) => {
      const directory = `${CONTAINERD}/${namespace}/${id}`;
      return { id, name: `${namespace}/${id}`, directory, pidFile: `${directory}/init.pid` };
    }),
  );
  return found?.slice(0, MAX_TASKS);
}

/** Names that kubelet gave; else the one of the engine. */
function nameOf(config: unknown, otherwise: string): string {
  const annotations = object(object(config).annotations);
  const [pod, container] = ['sandbox-name', 'container-name'].map((key) =>
    text(annotations[`io.kubernetes.cri.${key}`]),
  );
  if (text(annotations['io.kubernetes.cri-o.Name']) !== '') return text(annotations['io.kubernetes.cri-o.Name']);
  return pod === '' || pod === undefined ? otherwise : `${pod}/${container === '' ? 'pause' : container}`;
}

function factsOf(tree: Tree, engine: TaskEngine, bundle: Bundle): ContainerFacts | undefined {
  const read = tree.read(`${bundle.directory}/config.json`);
  // It ended while it was looked at.
  if (read.status === 'absent') return undefined;
  let config: unknown;
  let problem = read.status === 'unreadable' ? read.why : undefined;
  try {
    if (read.status === 'text') config = JSON.parse(read.text);
  } catch {
    problem = 'its config.json is not JSON';
  }
  if (engine === 'crio' && text(object(object(config).annotations)['io.container.manager']) === 'libpod')
    return undefined;
  const pid = tree.text(bundle.pidFile)?.trim() ?? '';
  const process = /^\d{1,10}$/.test(pid) ? readProcess(Number(pid), bundle.id) : null;
  const plan = parsePlan(config, bundle.id);
  const why = problem ?? 'its config.json is none of a container';
  return {
    ...{ id: bundle.id, name: nameOf(config, bundle.name), running: process !== null, engine, managed: null },
    plan: plan === null || process === null ? plan : { ...plan, rlimits: { ...plan.rlimits, ...process.rlimits } },
    proof: process?.proof ?? null,
    gaps: plan === null ? { plan: why, managed: why } : {},
  };
}

/** @param root of the machine; another one than `/` has no processes here */
export function collectTasks(engine: TaskEngine, root = '/'): { containers: ContainerFacts[]; problem: string | null } {
  const tree = new Tree(root);
  try {
    const found = bundles(tree, engine);
    if (found === undefined) return { containers: [], problem: 'its bundles cannot be listed: audit as root' };
    return { containers: found.flatMap((bundle) => factsOf(tree, engine, bundle) ?? []), problem: null };
  } finally {
    tree.close();
  }
}
