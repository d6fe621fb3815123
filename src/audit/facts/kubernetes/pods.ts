// SPDX-License-Identifier: Apache-2.0
// What of a manifest makes pods, as rules see it: schemas/inputs/kubernetes.schema.json. Fields that are left out are null, '' or empty.
import type { Subject } from '../../../policies/rules/evaluate.ts';
import { documentsOf, invalidManifest, type Manifest } from '../yaml/documents.ts';
import { Tree } from '../yaml/tree.ts';

const LISTS = /^(?:List|.+List)$/;
/** Where the template of a pod is. */
const TEMPLATES: Readonly<Record<string, readonly string[]>> = {
  Pod: [],
  PodTemplate: ['template'],
  ReplicationController: ['spec', 'template'],
  ReplicaSet: ['spec', 'template'],
  Deployment: ['spec', 'template'],
  StatefulSet: ['spec', 'template'],
  DaemonSet: ['spec', 'template'],
  Job: ['spec', 'template'],
  CronJob: ['spec', 'jobTemplate', 'spec', 'template'],
};

const selinux = (node: Tree) => ({
  type: node.get('type').text,
  user: node.get('user').text,
  role: node.get('role').text,
  level: node.get('level').text,
});

/** What pods and containers have in common. */
function shared(security: Tree) {
  return {
    runAsNonRoot: security.get('runAsNonRoot').boolean,
    runAsUser: security.get('runAsUser').integer,
    seccompProfile: security.get('seccompProfile').get('type').text,
    appArmorProfile: security.get('appArmorProfile').get('type').text,
    seLinux: selinux(security.get('seLinuxOptions')),
    hostProcess: security.get('windowsOptions').get('hostProcess').boolean,
  };
}

/** Hosts that probes and lifecycle handlers ask, instead of the pod itself. */
function probeHosts(container: Tree): string[] {
  const lifecycle = container.get('lifecycle');
  const handlers = [
    ...['livenessProbe', 'readinessProbe', 'startupProbe'].map((name) => container.get(name)),
    ...['postStart', 'preStop'].map((name) => lifecycle.get(name)),
  ];
  return handlers
    .flatMap((handler) => ['httpGet', 'tcpSocket'].map((way) => handler.get(way).get('host').text))
    .filter((host) => host !== '');
}

function container(node: Tree, kind: 'container' | 'init' | 'ephemeral') {
  const security = node.get('securityContext');
  const capabilities = security.get('capabilities');
  const resources = node.get('resources');
  return {
    ...{ kind, name: node.get('name').text, image: node.get('image').text, at: node.place },
    ...shared(security),
    privileged: security.get('privileged').boolean ?? false,
    allowPrivilegeEscalation: security.get('allowPrivilegeEscalation').boolean,
    readOnlyRootFilesystem: security.get('readOnlyRootFilesystem').boolean,
    procMount: security.get('procMount').text,
    capabilities: { add: capabilities.get('add').texts(), drop: capabilities.get('drop').texts() },
    ports: node.get('ports').items.map((port) => ({
      containerPort: port.get('containerPort').integer ?? 0,
      hostPort: port.get('hostPort').integer ?? 0,
      protocol: port.get('protocol').text || 'TCP',
    })),
    probeHosts: probeHosts(node),
    limits: resources.get('limits').map(),
    requests: resources.get('requests').map(),
    env: node.get('env').items.map((one) => ({ name: one.get('name').text, value: one.get('value').scalar })),
    mounts: node.get('volumeMounts').items.map((one) => ({
      name: one.get('name').text,
      path: one.get('mountPath').text,
      readOnly: one.get('readOnly').boolean ?? false,
    })),
  };
}

function volume(node: Tree) {
  return {
    name: node.get('name').text,
    type: node.names.find((name) => name !== 'name') ?? '',
    hostPath: node.get('hostPath').get('path').text,
  };
}

function podFacts(spec: Tree) {
  const security = spec.get('securityContext');
  return {
    at: spec.place,
    os: spec.get('os').get('name').text,
    hostNetwork: spec.get('hostNetwork').boolean ?? false,
    hostPID: spec.get('hostPID').boolean ?? false,
    hostIPC: spec.get('hostIPC').boolean ?? false,
    hostUsers: spec.get('hostUsers').boolean ?? true,
    serviceAccount: spec.get('serviceAccountName').text,
    automountServiceAccountToken: spec.get('automountServiceAccountToken').boolean,
    ...shared(security),
    sysctls: security.get('sysctls').items.map((one) => one.get('name').text),
    volumes: spec.get('volumes').items.map(volume),
    containers: [
      ...spec.get('initContainers').items.map((each) => container(each, 'init')),
      ...spec.get('containers').items.map((each) => container(each, 'container')),
      ...spec.get('ephemeralContainers').items.map((each) => container(each, 'ephemeral')),
    ],
  };
}

interface Identity {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
  readonly line: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}
export type PodFacts = Identity & ReturnType<typeof podFacts>;
export type PodContainer = ReturnType<typeof container>;
export type PodSubject = Subject & { readonly facts: PodFacts };

/** A list of containers, of which one at least names an image. */
function isPodSpec(value: unknown): boolean {
  const containers = (value as { containers?: unknown } | null | undefined)?.containers;
  return (
    Array.isArray(containers) &&
    containers.some((one: { image?: unknown } | null | undefined) => typeof one?.image === 'string')
  );
}

/**
 * Templates of pods anywhere below, as resources of others embed them: Rollout of Argo, Service of Knative, RayCluster, PyTorchJob. How many
 * values there are is bounded where the text is read.
 */
function* embedded(node: Tree): Generator<Tree> {
  const { value } = node;
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const item of node.items) yield* embedded(item);
    return;
  }
  const isTemplate = isPodSpec((value as { spec?: unknown }).spec);
  if (isTemplate) yield node;
  for (const name of node.names) if (!isTemplate || name !== 'spec') yield* embedded(node.get(name));
}

function podSubject(object: Tree, template: Tree, file: string, manifest: Manifest, which = ''): PodSubject {
  const metadata = object.get('metadata');
  const kind = object.get('kind').text;
  const name = (metadata.get('name').text || metadata.get('generateName').text) + which;
  const facts: PodFacts = {
    ...{
      apiVersion: object.get('apiVersion').text,
      kind,
      name,
      namespace: metadata.get('namespace').text,
      line: manifest.at(object.place).line,
    },
    labels: template.get('metadata').get('labels').map(),
    annotations: template.get('metadata').get('annotations').map(),
    ...podFacts(template.get('spec')),
  };
  const at = (pointer: string) => manifest.at(pointer);
  return { target: 'kubernetes', name: `${file}: ${kind} ${name}`, facts, file: { path: file, line: facts.line, at } };
}

function* workloads(object: Tree, file: string, manifest: Manifest): Generator<PodSubject> {
  const kind = object.get('kind').text;
  if (LISTS.test(kind) && object.get('items').present) {
    for (const item of object.get('items').items) yield* workloads(item, file, manifest);
    return;
  }
  const path = Object.hasOwn(TEMPLATES, kind) ? TEMPLATES[kind] : undefined;
  if (path !== undefined) {
    const template = path.reduce((node, name) => node.get(name), object);
    if (!template.get('spec').present)
      throw invalidManifest(file, manifest.at(template.place), `${kind} has no pod: its spec is missing`);
    yield podSubject(object, template, file, manifest);
    return;
  }
  if (kind === '' || object.get('apiVersion').text === '') return;
  // Below its fields: a spec with containers that is its own is no whole pod (Prometheus, Alertmanager).
  const templates = object.names.flatMap((name) => [...embedded(object.get(name))]);
  const which = (template: Tree): string =>
    templates.length === 1 ? '' : ` (${template.place.slice(object.place.length + 1).replaceAll('/', '.')})`;
  for (const template of templates) yield podSubject(object, template, file, manifest, which(template));
}

/**
 * Everything in a file of manifests that makes pods, resources that others define too; other objects are left out.
 * @throws SecureError MANIFEST_INVALID, LIMIT_EXCEEDED
 */
export function* kubernetesSubjects(text: string, file: string): Generator<PodSubject> {
  for (const manifest of documentsOf(text, file)) {
    const fail = (at: string, message: string) => invalidManifest(file, manifest.at(at), message);
    yield* workloads(new Tree(manifest.value, '', fail), file, manifest);
  }
}
