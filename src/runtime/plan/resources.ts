// SPDX-License-Identifier: Apache-2.0
// What the control group of a container holds it to.
import type { Limit, Sourced } from '../../policies/index.ts';
import { type Context, denied, invalid } from './context.ts';
import { deviceRules } from './devices.ts';
import type { CapabilitySets, Resources } from './spec.ts';

const PERIOD_US = 100_000;
/** Below that the runtime's own child does not get as far as the program. */
const LEAST_MEMORY = 1 << 20;
/** So that a limit larger than the machine still leaves it something. */
const HOST_SHARE = 0.9;

interface Ask {
  readonly control: string;
  readonly controller: string;
  readonly flag: string;
  readonly policy: Sourced<Limit>;
  readonly asked: number | undefined;
  /** What the machine has, where more would be no limit. */
  readonly most?: number;
}

/** The value to set, or undefined for no limit. The request only lowers; the host's controllers decide what is possible. */
function decide(
  context: Context,
  { control, controller, flag, policy, asked, most = Infinity }: Ask,
): number | undefined {
  const { host, reasons } = context;
  const { value: limit, by } = policy;
  if (asked !== undefined && asked > limit.value) {
    throw denied(
      `${flag} ${asked}`,
      by,
      `at most ${limit.value}; a policy that extends this one may raise it within its ceilings`,
    );
  }
  const wanted = asked ?? limit.value;
  if (wanted === Infinity) {
    reasons.add({
      control,
      decision: 'unlimited',
      by,
      why: 'the policy sets no limit',
      required: false,
      status: 'off',
    });
    return undefined;
  }
  const value = Math.min(wanted, most);
  const usual = asked === undefined ? 'limit of the whole container' : 'the request lowers it';
  const why = value < wanted ? `what this host has is less than ${wanted}` : usual;
  const used = reasons.offer({
    control,
    decision: String(value),
    by,
    why,
    required: limit.required || asked !== undefined,
    available: host.cgroup.mode !== 'none' && host.cgroup.controllers.includes(controller),
    lacks: `this host has no writable ${controller} cgroup controller`,
    hint: 'mount the cgroup hierarchies writable (inside a container: start it with its own writable cgroup), or use a policy that only wishes for the limit',
  });
  return used ? value : undefined;
}

function planMemory(context: Context): { memory?: Resources['memory'] & object } {
  const { request, policy, host } = context;
  const { memory: asked, memorySwap } = request.limits;
  if (asked !== undefined && (!Number.isSafeInteger(asked) || asked < LEAST_MEMORY)) {
    throw invalid('--memory', String(asked), `a whole number of bytes of at least ${LEAST_MEMORY}`);
  }
  const most = Math.floor(host.memoryTotal * HOST_SHARE);
  const limit = decide(context, {
    control: 'memory',
    controller: 'memory',
    flag: '--memory',
    policy: policy.run.memory,
    asked,
    most,
  });
  if (limit === undefined) {
    if (memorySwap !== undefined && memorySwap >= 0)
      throw invalid('--memory-swap', String(memorySwap), 'of use without --memory');
    return {};
  }
  const bounded = policy.run.memory.value.value !== Infinity;
  if (memorySwap === undefined)
    return { memory: host.cgroup.swapAccounting === true ? { limit, swap: limit } : { limit } };
  // -1 and anything above the limit hand out swap, which the policy's bound on memory does not include.
  if (bounded && (memorySwap < 0 || memorySwap > policy.run.memory.value.value)) {
    throw denied(
      `--memory-swap ${memorySwap}`,
      policy.run.memory.by,
      `at most ${policy.run.memory.value.value}, memory and swap together`,
    );
  }
  if (memorySwap >= 0 && memorySwap < limit)
    throw invalid('--memory-swap', String(memorySwap), 'at least --memory: it is memory and swap together');
  return { memory: { limit, swap: memorySwap } };
}

function planCpu(context: Context): { cpu?: Resources['cpu'] & object } {
  const { request, policy, host } = context;
  const { cpus: asked, cpuset } = request.limits;
  if (asked !== undefined && !(asked >= 0.01 && asked <= host.cpus))
    throw invalid('--cpus', String(asked), `from 0.01 to this host's ${host.cpus}`);
  const cores = decide(context, {
    control: 'cpus',
    controller: 'cpu',
    flag: '--cpus',
    policy: policy.run.cpus,
    asked,
    most: host.cpus,
  });
  if (cpuset !== undefined && !/^\d{1,4}(-\d{1,4})?(,\d{1,4}(-\d{1,4})?)*$/.test(cpuset))
    throw invalid('--cpuset-cpus', cpuset, 'a list such as 0-3,7');
  if (cpuset !== undefined && !host.cgroup.controllers.includes('cpuset'))
    throw invalid('--cpuset-cpus', cpuset, 'possible here: the host has no cpuset controller');
  if (cores === undefined && cpuset === undefined) return {};
  const quota = cores === undefined ? {} : { quota: Math.max(1000, Math.round(cores * PERIOD_US)), period: PERIOD_US };
  return { cpu: { ...quota, ...(cpuset === undefined ? {} : { cpus: cpuset }) } };
}

/** @throws SecureError POLICY_DENIED, INVALID_VALUE, CONTROL_UNAVAILABLE */
export function planResources(context: Context, capabilities: CapabilitySets): Resources {
  const { pids: asked } = context.request.limits;
  if (asked !== undefined && (!Number.isSafeInteger(asked) || asked < 1))
    throw invalid('--pids-limit', String(asked), 'a number of at least 1');
  const pids = decide(context, {
    control: 'pids',
    controller: 'pids',
    flag: '--pids-limit',
    policy: context.policy.run.pids,
    asked,
  });
  return {
    devices: deviceRules(context, capabilities),
    ...planMemory(context),
    ...planCpu(context),
    ...(pids === undefined ? {} : { pids: { limit: pids } }),
  };
}
