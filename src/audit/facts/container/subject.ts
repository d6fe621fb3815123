// SPDX-License-Identifier: Apache-2.0
// A container as rules see it: schemas/inputs/container.schema.json. Of ours what its plan and the kernel say, of docker and podman what `inspect` prints.
import type { Subject } from '../../../policies/rules/evaluate.ts';
import type { ContainerFacts } from '../container.ts';
import { boundPorts, DOCKER_CAPABILITIES, hasOwnIds } from './engines.ts';
import { list, number, object, text, texts } from './json.ts';

type Json = Readonly<Record<string, unknown>>;

const NAMESPACES = ['network', 'pid', 'ipc', 'uts', 'mount', 'user', 'cgroup'];
const plain = (name: string): string => name.toUpperCase().replace(/^CAP_/, '');

/** undefined: nothing can be said of one without a plan. */
export function containerSubject({ id, name, running, plan, proof }: ContainerFacts): Subject | undefined {
  if (plan === null) return undefined;
  const { limits, network } = plan;
  const facts = {
    ...{ name, id, engine: 'secure', running },
    image: plan.image?.reference ?? '',
    user: String(plan.uid),
    privileged: false,
    readOnly: plan.readOnlyRoot,
    noNewPrivileges: plan.noNewPrivileges,
    capabilities: plan.capabilities.map(plain),
    seccomp: plan.seccomp !== null,
    label: plan.label,
    hostNamespaces: NAMESPACES.filter((kind) => !Object.hasOwn(plan.namespaces, kind)),
    mounts: plan.mounts.map(({ type, source, destination, options, own }) => ({
      type: own && type === 'bind' ? 'file' : type,
      source,
      target: destination,
      readOnly: options.includes('ro'),
    })),
    devices: plan.devices
      .filter(({ allow }) => allow)
      .map(({ type, major, minor, access }) => `${type} ${major ?? '*'}:${minor ?? '*'} ${access}`),
    memory: limits.memory,
    cpus: limits.cpuQuota === null ? null : limits.cpuQuota / 100_000,
    pids: limits.pids,
    ports: (network?.ports ?? []).map(({ protocol, hostAddress, hostPort, containerPort }) => ({
      protocol,
      hostAddress,
      hostPort,
      containerPort,
    })),
    restart: '',
    environment: {},
    labels: {},
    inForce: Object.fromEntries(Object.entries(proof ?? {}).map(([control, { inForce }]) => [control, inForce])),
  };
  return { target: 'container', name, facts };
}

function capabilities(host: Json, whole: Json): string[] {
  // podman says what came of it.
  if (Array.isArray(whole.BoundingCaps)) return texts(whole.BoundingCaps).map(plain);
  if (host.Privileged === true) return ['ALL'];
  const [add, drop] = [texts(host.CapAdd).map(plain), texts(host.CapDrop).map(plain)];
  if (add.includes('ALL')) return ['ALL'];
  const kept = drop.includes('ALL') ? [] : DOCKER_CAPABILITIES.filter((name) => !drop.includes(name));
  return [...new Set([...kept, ...add])].sort();
}

/** A namespace of another container is none of the host; a user namespace is only told of where there is one. */
function hostNamespaces(host: Json): string[] {
  const modes = { network: 'NetworkMode', pid: 'PidMode', ipc: 'IpcMode', uts: 'UTSMode', cgroup: 'CgroupnsMode' };
  const found = Object.entries(modes).flatMap(([kind, key]) => (text(host[key]) === 'host' ? [kind] : []));
  const cgroup = text(host.CgroupMode) === 'host' && !found.includes('cgroup') ? ['cgroup'] : [];
  return [...found, ...cgroup, ...(hasOwnIds(host) ? [] : ['user'])];
}

const positive = (value: unknown): number | null => {
  const found = number(value);
  return found === null || found <= 0 ? null : found;
};
const pairs = (items: readonly string[]) =>
  Object.fromEntries(items.map((item) => [item.split('=', 1)[0] ?? '', item.slice(item.indexOf('=') + 1)]));

/** Whether a document is what `docker inspect` or `podman inspect` prints of containers. */
export const isInspected = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.every((one) => 'HostConfig' in object(one) && 'State' in object(one));

function inspected(whole: Json): Subject {
  const [host, config] = [object(whole.HostConfig), object(whole.Config)];
  const options = texts(host.SecurityOpt).map((option) => option.replace(':', '='));
  const privileged = host.Privileged === true;
  const name = text(whole.Name).replace(/^\//, '') || text(whole.Id).slice(0, 12);
  const nano = positive(host.NanoCpus);
  const quota = positive(host.CpuQuota);
  const facts = {
    ...{
      name,
      id: text(whole.Id),
      engine: Array.isArray(whole.BoundingCaps) ? 'podman' : 'docker',
      running: object(whole.State).Running === true,
    },
    image: text(config.Image) || text(whole.ImageName),
    user: text(config.User),
    privileged,
    readOnly: host.ReadonlyRootfs === true,
    noNewPrivileges: options.some((option) => /^no-new-privileges(?:=true)?$/.test(option)),
    capabilities: capabilities(host, whole),
    seccomp: !privileged && !options.includes('seccomp=unconfined'),
    label: text(whole.AppArmorProfile) || text(whole.ProcessLabel),
    hostNamespaces: hostNamespaces(host),
    mounts: list(whole.Mounts)
      .map(object)
      .map((mount) => ({
        type: text(mount.Type),
        source: text(mount.Source),
        target: text(mount.Destination),
        readOnly: mount.RW === false,
      })),
    devices: list(host.Devices).map((device) => text(object(device).PathOnHost)),
    memory: positive(host.Memory),
    cpus: nano !== null ? nano / 1e9 : quota === null ? null : quota / (positive(host.CpuPeriod) ?? 100_000),
    pids: positive(host.PidsLimit),
    ports: boundPorts(host.PortBindings),
    restart: text(object(host.RestartPolicy).Name),
    environment: pairs(texts(config.Env)),
    labels: Object.fromEntries(Object.entries(object(config.Labels)).map(([key, value]) => [key, text(value)])),
    inForce: {},
  };
  return { target: 'container', name, facts };
}

export const inspectedSubjects = (value: unknown): Subject[] => list(value).map((one) => inspected(object(one)));
