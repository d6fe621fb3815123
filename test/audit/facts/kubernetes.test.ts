// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { kubernetesSubjects } from '../../../src/audit/facts/kubernetes/pods.ts';
import { SecureError } from '../../../src/errors.ts';
import { fileIo, loadPolicy } from '../../../src/policies/index.ts';
import { Evaluator } from '../../../src/policies/rules/evaluate.ts';

const POD = (spec: string) => `apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: ${spec}\n`;
const subjects = (text: string) => [...kubernetesSubjects(text, 'm.yaml')];
/** Code and place of the error. */
function refused(text: string): string {
  try {
    subjects(text);
  } catch (error) {
    if (error instanceof SecureError)
      return `${error.code} ${error.position?.line}:${error.position?.column} ${error.message}`;
    throw error;
  }
  return 'read';
}

describe('manifests', () => {
  it('give what makes pods, wherever the template is, with its line', () => {
    const template = '{metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}]}}';
    const text = [
      '# first',
      'apiVersion: v1\nkind: Service\nmetadata: {name: s}\n---',
      `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d, namespace: n}\nspec: {template: ${template}}\n---`,
      `apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: cron}\nspec: {jobTemplate: {spec: {template: ${template}}}}\n--- # the last`,
      `apiVersion: v1\nkind: List\nitems:\n  - {apiVersion: v1, kind: Pod, metadata: {name: one}, spec: {containers: []}}\n  - {apiVersion: v1, kind: ConfigMap}\n`,
    ].join('\n');
    expect(subjects(text).map(({ name, file }) => [name, file?.line])).toEqual([
      ['m.yaml: Deployment d', 6],
      ['m.yaml: CronJob cron', 11],
      ['m.yaml: Pod one', 19],
    ]);
    expect(subjects(text)[0]?.facts).toMatchObject({
      namespace: 'n',
      labels: { a: 'b' },
      hostUsers: true,
      runAsNonRoot: null,
      containers: [{ kind: 'container', name: 'c', privileged: false }],
    });
  });

  it('give the pods of resources that others define, each by its place when there are several', () => {
    const spec = '{containers: [{name: c, image: i, securityContext: {privileged: true}}]}';
    const text = [
      `apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: r}\nspec: {template: {spec: ${spec}}}\n---`,
      `apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: k}\nspec: {template: {metadata: {labels: {a: b}}, spec: ${spec}}}\n---`,
      `apiVersion: ray.io/v1\nkind: RayCluster\nmetadata: {name: ray}\nspec:\n  head: {template: {spec: ${spec}}}\n  workers: [{template: {spec: ${spec}}}]\n---`,
      // No whole pod, a schema, a file of somebody else's.
      `apiVersion: monitoring.coreos.com/v1\nkind: Prometheus\nmetadata: {name: p}\nspec: ${spec}\n---`,
      `apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: d}\nspec: {spec: {containers: {type: array}}}\n---`,
      `web: {template: {spec: ${spec}}}\n`,
    ].join('\n');
    expect(subjects(text).map(({ name, facts }) => [name.slice(8), facts.at])).toEqual([
      ['Rollout r', '/spec/template/spec'],
      ['Service k', '/spec/template/spec'],
      ['RayCluster ray (spec.head.template)', '/spec/head/template/spec'],
      ['RayCluster ray (spec.workers.0.template)', '/spec/workers/0/template/spec'],
    ]);
    expect(subjects(text)[1]?.facts).toMatchObject({ labels: { a: 'b' }, containers: [{ privileged: true }] });
  });

  it('keep what is left out apart from what is false', () => {
    const [subject] = subjects(
      POD(
        '{securityContext: {runAsNonRoot: false}, initContainers: [{name: i, securityContext: {runAsUser: 0, capabilities: {drop: [ALL]}}}], volumes: [{name: v, hostPath: {path: /}}, {name: w}]}',
      ),
    );
    expect(subject?.facts).toMatchObject({
      runAsNonRoot: false,
      runAsUser: null,
      volumes: [{ type: 'hostPath', hostPath: '/' }, { type: '' }],
      containers: [{ kind: 'init', runAsUser: 0, runAsNonRoot: null, capabilities: { add: [], drop: ['ALL'] } }],
    });
  });

  it.each([
    [
      'text for truth',
      POD('{containers: [{name: c, securityContext: {privileged: "yes"}}]}'),
      '4:61',
      'spec.containers.0.securityContext.privileged must be true or false',
    ],
    ['a list for a mapping', POD('{securityContext: []}'), '4:25', 'spec.securityContext must be a mapping'],
    ['a mapping for a list', POD('{containers: {}}'), '4:20', 'spec.containers must be a list'],
    ['a number for text', POD('{securityContext: {seccompProfile: {type: 7}}}'), '4:49', 'must be text'],
    ['no pod', 'apiVersion: v1\nkind: Deployment\nspec: {}\n', '3:7', 'has no pod'],
    ['a key twice', `${POD('{}')}---\nkind: Pod\nkind: Pod\n`, '7:1', 'is there twice'],
    [
      'aliases that multiply',
      `a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n`,
      '5:',
      'more than 50000 values',
    ],
    ['nesting', `a: ${'['.repeat(100)}${']'.repeat(100)}\n`, '1:1', 'nested'],
    ['no YAML', 'a: [\n', '', 'm.yaml'],
  ])('are refused with %s', (_, text, place, message) => {
    const found = refused(text);
    expect(found).toContain(message);
    expect(found).toContain(`MANIFEST_INVALID ${place}`);
  });

  it('are limited in number', () => expect(refused('---\n'.repeat(10_002))).toContain('LIMIT_EXCEEDED'));
});

const SAFE =
  'allowPrivilegeEscalation: false, runAsNonRoot: true, capabilities: {drop: [ALL]}, seccompProfile: {type: RuntimeDefault}';
const safe = (more = '', pod = '') =>
  POD(`{${pod}containers: [{name: c, image: i, securityContext: {${SAFE}${more}}}]}`);

describe('the Pod Security Standards', () => {
  const decide = async (level: string, text: string) => {
    const { book } = await loadPolicy(`pss-${level}`, fileIo([]));
    const evaluator = new Evaluator(book, 0);
    return subjects(text)
      .flatMap((subject) => evaluator.verdicts(subject))
      .filter(({ decision }) => decision !== 'pass')
      .map(({ rule, decision }) => `${decision} ${rule.id}`);
  };

  it('allow what asks for nothing, and what gives everything up', async () => {
    expect(await decide('baseline', POD('{containers: [{name: c, image: i}]}'))).toEqual([]);
    expect(await decide('restricted', safe())).toEqual([]);
  });

  it.each([
    ['pss-host-process', safe('', 'securityContext: {windowsOptions: {hostProcess: true}}, ')],
    ['pss-host-namespaces', safe('', 'hostPID: true, ')],
    ['pss-privileged', safe(', privileged: true')],
    ['pss-host-path', safe('', 'volumes: [{name: v, hostPath: {path: /}}], ')],
    ['pss-apparmor', safe(', appArmorProfile: {type: Unconfined}')],
    [
      'pss-apparmor',
      safe('').replace(
        '{name: p}',
        '{name: p, annotations: {container.apparmor.security.beta.kubernetes.io/c: unconfined}}',
      ),
    ],
    ['pss-selinux', safe(', seLinuxOptions: {type: spc_t}')],
    ['pss-selinux', safe('', 'securityContext: {seLinuxOptions: {user: root}}, ')],
    ['pss-proc-mount', safe(', procMount: Unmasked')],
    ['pss-sysctls', safe('', 'securityContext: {sysctls: [{name: kernel.msgmax, value: "1"}]}, ')],
    ['pss-host-ports', safe('').replace('image: i', 'image: i, ports: [{containerPort: 1, hostPort: 1}]')],
    ['pss-host-probes', safe('').replace('image: i', 'image: i, livenessProbe: {httpGet: {host: x, port: 1}}')],
    ['pss-capabilities', safe('').replace('drop: [ALL]', 'drop: [ALL], add: [SYS_ADMIN]')],
    ['pss-seccomp', safe('', 'securityContext: {seccompProfile: {type: Unconfined}}, ')],
  ])('refuse for %s alone, in both', async (rule, text) => {
    expect(await decide('baseline', text)).toEqual([`fail ${rule}`]);
    expect(await decide('restricted', text)).toContain(`fail ${rule}`);
  });

  it.each([
    ['pss-volume-types', safe('', 'volumes: [{name: v, nfs: {server: s, path: /}}], ')],
    ['pss-privilege-escalation', safe().replace('allowPrivilegeEscalation: false, ', '')],
    ['pss-run-as-non-root', safe().replace('runAsNonRoot: true, ', '')],
    [
      'pss-run-as-non-root',
      safe('', 'securityContext: {runAsNonRoot: true}, ').replace(
        'false, runAsNonRoot: true',
        'false, runAsNonRoot: false',
      ),
    ],
    ['pss-run-as-user', safe(', runAsUser: 0')],
    ['pss-seccomp-profile', safe().replace(', seccompProfile: {type: RuntimeDefault}', '')],
    ['pss-drop-capabilities', safe().replace('drop: [ALL]', 'drop: [CHOWN]')],
    ['pss-drop-capabilities', safe().replace('drop: [ALL]', 'drop: [ALL], add: [CHOWN]')],
    ['pss-proc-mount-default', safe(', procMount: Unmasked', 'hostUsers: false, ')],
  ])('refuse for %s alone, in restricted', async (rule, text) => {
    expect(await decide('restricted', text)).toEqual([`fail ${rule}`]);
    expect(await decide('baseline', text)).toEqual([]);
  });

  it('let pods in a user namespace be root, and Windows be Windows', async () => {
    expect(
      await decide('restricted', safe(', runAsUser: 0', 'hostUsers: false, ').replace('runAsNonRoot: true, ', '')),
    ).toEqual([]);
    expect(
      await decide(
        'restricted',
        POD('{os: {name: windows}, containers: [{name: c, securityContext: {runAsNonRoot: true}}]}'),
      ),
    ).toEqual([]);
  });
});
