// SPDX-License-Identifier: Apache-2.0
// policy.json to a policy of ours that decides the same of images from registries, or more strictly where that cannot be said.
import { pointer } from '../../source.ts';
import { type Imported, type ImportNote, importedPolicy } from '../types.ts';
import { type PodmanPolicy, type Requirement, readPodmanPolicy } from './read.ts';
import { type Mapped, type PodmanContext, type Required, RequirementMapper } from './requirements.ts';
import { exceptions, parseScope } from './scopes.ts';

/** What comes from elsewhere than a registry, and can be imported here. */
const IMPORTS = ['oci', 'oci-archive', 'docker-archive'];
/** Images that were built here are no business of policy.json. */
const OWN = 'localhost/**';

type Entry = { match: readonly string[]; except?: readonly string[]; require: Required };

class Conversion {
  readonly #policy: PodmanPolicy;
  readonly #mapper: RequirementMapper;
  readonly notes: ImportNote[] = [];
  readonly entries: Entry[] = [];

  constructor(policy: PodmanPolicy, mapper: RequirementMapper) {
    [this.#policy, this.#mapper] = [policy, mapper];
  }

  note(kind: ImportNote['kind'], at: string, message: string): void {
    const { source } = this.#policy;
    const part = at.slice(1).replaceAll('/', '.').replaceAll('~1', '/').replaceAll('~0', '~');
    this.notes.push({ kind, file: source.policy, ...source.at(at), part, message });
  }

  /** All requirements of a list hold: one that rejects rejects, and one that accepts adds nothing to others. */
  #required(list: readonly Requirement[], scope: string): Required[] {
    const mapped = list.map((requirement): Mapped => {
      const one = this.#mapper.map(requirement, scope);
      if (one.lost !== undefined) this.note('lost', requirement.at, one.lost);
      if (one.note !== undefined) this.note('note', requirement.at, one.note);
      return one;
    });
    const required = mapped.map((one) => one.required);
    if (required.includes('reject')) return ['reject'];
    const signed = required.filter((one) => one !== 'nothing');
    return signed.length === 0 ? ['nothing'] : signed;
  }

  add(list: readonly Requirement[], scope: string, match: readonly string[], except: readonly string[]): Required[] {
    const required = this.#required(list, scope);
    for (const require of required) this.entries.push({ match, ...(except.length === 0 ? {} : { except }), require });
    return required;
  }

  /** `accept` where everything that is imported is accepted, else `refuse`. */
  imported(): string {
    const verdicts = IMPORTS.map((transport): string => {
      const scopes = this.#policy.transports.get(transport) ?? new Map<string, readonly Requirement[]>();
      const at = `/transports${pointer(transport)}`;
      for (const scope of scopes.keys())
        if (scope !== '') this.note('lost', at + pointer(scope), 'imports are not told apart by their paths');
      const types = [...[...scopes.values()].flat(), ...(scopes.get('') ?? this.#policy.general)].map(
        ({ type }) => type,
      );
      return types.every((type) => type === 'insecureAcceptAnything') ? 'accept' : 'refuse';
    });
    const [first = 'refuse'] = verdicts;
    if (verdicts.every((verdict) => verdict === first)) return first;
    this.note(
      'lost',
      '/transports',
      `${IMPORTS.join(', ')} are one thing here, and not all are accepted: imports are refused`,
    );
    return 'refuse';
  }
}

/** @throws SecureError POLICY_SYNTAX, POLICY_INVALID */
export function importPodman(text: string, file: string, context: PodmanContext): Imported {
  const policy = readPodmanPolicy(text, file);
  const mapper = new RequirementMapper(context);
  const conversion = new Conversion(policy, mapper);
  const docker = policy.transports.get('docker') ?? new Map<string, readonly Requirement[]>();
  const scopes = [...docker].flatMap(([scope, list]) => {
    const parsed = scope === '' ? undefined : parseScope(scope);
    if (parsed === undefined && scope !== '')
      conversion.note('lost', `/transports/docker${pointer(scope)}`, 'is no scope: what it names is decided by others');
    return parsed === undefined ? [] : [{ ...parsed, list }];
  });
  for (const scope of scopes) conversion.add(scope.list, scope.text, scope.patterns, exceptions(scope, scopes));
  const general = docker.get('') ?? policy.general;
  const named = [...scopes.flatMap(({ patterns }) => patterns), OWN];
  const [everything] = conversion.add(general, '', ['**'], named);
  // What no rule names: the last entry says it of everything, and origins of what nothing is said.
  if (everything === 'reject' || everything === 'nothing') conversion.entries.pop();
  for (const transport of policy.transports.keys())
    if (transport !== 'docker' && !IMPORTS.includes(transport))
      conversion.note('note', `/transports${pointer(transport)}`, 'is left out: no images come here in this way');
  const needless = everything === 'nothing';
  const images = conversion.entries.filter(({ require }) => !needless || require !== 'nothing');
  return {
    policy: importedPolicy('podman', {
      run: { origins: { pulled: needless ? 'accept' : 'signature', imported: conversion.imported() } },
      images,
    }),
    notes: conversion.notes,
    keys: mapper.keys,
  };
}
