// SPDX-License-Identifier: Apache-2.0
// daemon.json of docker (dockerd(8)): what of it is about containers, as `run` of a policy. The rest is told of.
import { SecureError } from '../../../errors.ts';
import { readPolicy } from '../../file.ts';
import type { PolicyIo } from '../../io.ts';
import { loadPolicy } from '../../load.ts';
import { excesses } from '../../merge.ts';
import { PolicyProblems, problemError } from '../../problems.ts';
import { pointer, readSource, type SourceText } from '../../source.ts';
import { Notes } from '../notes.ts';
import { policyText } from '../text.ts';
import { type Imported, importedPolicy } from '../types.ts';

type Json = Readonly<Record<string, unknown>>;
type Run = Record<string, unknown>;
/** Puts what it means into `run`, and returns what there is to say. */
type Mapping = (value: unknown, run: Run) => { kind: 'lost' | 'note'; message: string } | undefined;

const lost = (message: string) => ({ kind: 'lost' as const, message });
const note = (message: string) => ({ kind: 'note' as const, message });
const LIMITS = ['nofile', 'nproc', 'core', 'memlock', 'fsize'];
const amount = (value: unknown): unknown => (value === -1 ? 'unlimited' : value);
const PLACE = 'is configuration of the engine, and no policy';

const KNOWN: Readonly<Record<string, Mapping>> = {
  'no-new-privileges': (value, run) => {
    if (value === true) run.noNewPrivileges = true;
    return value === true ? undefined : note('containers here cannot gain privileges in any case');
  },
  'userns-remap': (value, run) => {
    if (value === '') return note('every container has ids of its own here');
    run.user = { namespace: 'required' };
    return note('every container has a range of its own here, instead of one that all share');
  },
  'seccomp-profile': (value, run) => {
    if (value === 'unconfined')
      return lost('there is a filter here: seccomp.allow of a policy adds groups of calls to it');
    if (value === '' || value === 'builtin' || value === 'default') {
      run.seccomp = { profile: 'default' };
      return undefined;
    }
    return lost('files of system calls are not read: it stays with the filter of the policy default');
  },
  ip: (value, run) => {
    const loopback = value === '127.0.0.1' || value === '::1';
    run.publishAddress = value === '0.0.0.0' || value === '::' ? 'any' : 'ask';
    return loopback || run.publishAddress === 'any'
      ? undefined
      : lost('ports without an address are published on 127.0.0.1, and on another one when it is given');
  },
  'selinux-enabled': (value, run) => {
    if (value === true) run.lsm = 'required';
    return undefined;
  },
  'default-cgroupns-mode': (value) =>
    value === 'private' ? undefined : lost('every container has a cgroup namespace of its own here'),
  'default-ipc-mode': () => note('every container has an IPC namespace of its own here'),
  icc: (value) =>
    value === false
      ? note('who reaches whom is decided by the table of the bridge and by egress: docs/network.md')
      : undefined,
  'default-shm-size': () => lost('is a limit of one run here: --shm-size'),
  'default-runtime': () => note('containers here run on secure-runtime'),
  runtimes: () => note('containers here run on secure-runtime'),
  'default-address-pools': () =>
    note('networks are configured by SECURE_SUBNET4 and SECURE_SUBNET6, and not by a policy'),
  'insecure-registries': () => note('registries are configured beside the policy'),
  'registry-mirrors': () => note('registries are configured beside the policy'),
  'authorization-plugins': () => lost('programs that decide are not asked here: rules of a policy are'),
};
/** Where files, logs, networks and sockets of the engine are. */
const ENGINE =
  /^(?:allow-nondistributable-artifacts|api-cors-header|bip|bridge|builder|cgroup-parent|cluster-.*|containerd.*|cpu-rt-.*|data-root|debug|default-gateway.*|default-network-opts|dns.*|exec-opts|exec-root|experimental|features|fixed-cidr.*|group|hosts?|http-proxy|https-proxy|init|init-path|insecure|ip6?tables|ip-forward.*|ip-masq|ipv6|labels|live-restore|log-.*|max-.*|metrics-addr|mtu|network-.*|no-proxy|node-generic-resources|oom-score-adjust|pidfile|proxies|raw-logs|shutdown-timeout|storage-.*|swarm-default-advertise-addr|tls.*|userland-proxy.*)$/;

function ulimits(source: SourceText, values: Json, run: Run, notes: Notes): void {
  for (const [name, value] of Object.entries(values)) {
    const at = `/default-ulimits${pointer(name)}`;
    const { Hard, Soft } = (value ?? {}) as { Hard?: unknown; Soft?: unknown };
    const usable = [Hard, Soft].every((each) => Number.isSafeInteger(each) && Number(each) >= -1);
    if (!usable) notes.add(source, 'lost', at, 'has not Hard and Soft, which are whole numbers');
    else if (!LIMITS.includes(name)) notes.add(source, 'lost', at, 'is a limit of one run here: --ulimit');
    else run[name] = Hard === Soft ? amount(Hard) : { value: amount(Hard), soft: amount(Soft) };
  }
}

/** Values that the policy below does not allow, left out. */
async function within(run: Run, source: SourceText, notes: Notes, io: PolicyIo): Promise<Run> {
  const from = {
    policy: { apiVersion: 'secure/v1', kind: 'Policy', extends: 'default', run },
    notes: [],
    keys: new Map<string, Buffer>(),
  };
  const [base, file] = [
    await loadPolicy('default', io),
    await readPolicy(await policyText(from, source.policy), 'imported'),
  ];
  const kept = { ...run };
  for (const { control, shown, boundShown } of excesses(file.run, base.run, base.ceilings)) {
    const [name = ''] = control.split('.');
    delete kept[name];
    const at = LIMITS.includes(name) ? `/default-ulimits${pointer(name)}` : '';
    notes.add(
      source,
      'lost',
      at,
      `${control}: ${shown} is looser than ${boundShown}, which the policy default allows: it stays as it is there`,
    );
  }
  return kept;
}

/** @throws SecureError POLICY_SYNTAX: it is no JSON object */
export async function importDocker(text: string, file: string, io: PolicyIo): Promise<Imported> {
  let source: SourceText;
  try {
    JSON.parse(text);
    source = readSource(text, file);
  } catch (cause) {
    if (cause instanceof PolicyProblems) throw problemError(cause.problems, cause.lines);
    throw new SecureError('POLICY_SYNTAX', `${file} is no JSON: ${(cause as Error).message.slice(0, 200)}`, {
      position: { file },
      cause,
    });
  }
  const { value } = source;
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new SecureError('POLICY_SYNTAX', `${file} is no object`, { hint: 'give a daemon.json', position: { file } });
  const notes = new Notes();
  const run: Run = {};
  for (const [name, setting] of Object.entries(value as Json)) {
    const at = pointer(name);
    const mapping = Object.hasOwn(KNOWN, name) ? KNOWN[name] : undefined;
    if (name === 'default-ulimits') ulimits(source, (setting ?? {}) as Json, run, notes);
    else if (mapping !== undefined) {
      const said = mapping(setting, run);
      if (said !== undefined) notes.add(source, said.kind, at, said.message);
    } else if (ENGINE.test(name)) notes.add(source, 'note', at, PLACE);
    else notes.add(source, 'lost', at, 'is not known: nothing is written for it');
  }
  const kept = await within(run, source, notes, io);
  return {
    policy: importedPolicy('docker', { run: kept }),
    notes: notes.list,
    keys: new Map(),
  };
}
