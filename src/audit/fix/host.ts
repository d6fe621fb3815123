// SPDX-License-Identifier: Apache-2.0
// What would be changed on a host: a file of sysctl.d, daemon.json, a file of audit rules, owners and modes.
import { accessSync, constants } from 'node:fs';
import { SecureError } from '../../errors.ts';
import { Tree } from '../facts/host/tree.ts';
import type { HostFacts } from '../facts/host.ts';
import type { Audited } from '../types.ts';
import { daemonChange } from './daemon-json.ts';
import { MODULES, moduleChange, RULES, watchChange } from './lines.ts';
import { Place, refused } from './place.ts';
import { settingPath, sysctlChanges, sysctlFiles } from './sysctl-files.ts';
import type { AccessChange, Edit, FileChange, FixOptions, Left, Plan, Repair, SettingChange } from './types.ts';
import { leftOf, ofKind, type Wish, wishesOf } from './wishes.ts';

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

class Planner {
  readonly facts: HostFacts;
  readonly place: Place;
  readonly tree: Tree;
  readonly files: FileChange[] = [];
  readonly next: { command: string; why: string }[] = [];
  readonly left: Left[] = [];
  readonly #refused = new Set<Repair>();

  constructor(facts: HostFacts, place: Place, tree: Tree) {
    [this.facts, this.place, this.tree] = [facts, place, tree];
  }

  refuse({ repair }: Wish, why: string): void {
    if (!this.#refused.has(repair)) this.left.push(leftOf(repair, why));
    this.#refused.add(repair);
  }

  isRefused = (repair: Repair): boolean => this.#refused.has(repair);

  /** What is refused is left, for all wishes that need it. */
  attempt<T>(wishes: readonly Wish[], plan: () => T): T | undefined {
    if (wishes.length === 0) return undefined;
    try {
      return plan();
    } catch (error) {
      if (!(error instanceof SecureError)) throw error;
      for (const wish of wishes) this.refuse(wish, `${error.message}: ${error.hint ?? ''}`);
      return undefined;
    }
  }

  sysctls(wishes: readonly Wish[]): SettingChange[] {
    const live = this.tree.live;
    // In a container /proc/sys is read-only, and its files are not those that a start reads.
    const mine = ofKind(wishes, 'sysctl').filter((wish) => {
      const writable = !live || isWritable(settingPath(wish.edit.name));
      if (!writable)
        this.refuse(wish, `${settingPath(wish.edit.name)} cannot be written here: run it on the host, as root`);
      return writable;
    });
    const settings =
      this.attempt(mine, () => {
        const wanted = mine.map(({ edit, repair }) => ({ name: edit.name, value: edit.value, id: repair.id }));
        const changes = sysctlChanges(sysctlFiles(this.tree), wanted);
        // Read again as what will be written: a link is refused.
        for (const { path, before } of changes)
          if (this.place.read(path) !== before) throw refused(path, 'is not what it was a moment ago', 'try again');
        this.files.push(...changes);
        if (!live && changes.length === 0)
          for (const wish of mine) this.refuse(wish, 'its file says so already: it counts from the next start on');
        if (!live && changes.length > 0)
          this.next.push({ command: 'start that machine', why: 'its kernel reads sysctl.d then' });
        return mine.map(({ edit: { name, value } }) => ({
          ...{ name, value },
          before: this.facts.kernel.sysctls?.[name] ?? '',
        }));
      }) ?? [];
    return live ? settings : [];
  }

  docker(wishes: readonly Wish[]): void {
    const mine = ofKind(wishes, 'docker');
    const { docker } = this.facts;
    this.attempt(mine, () => {
      const root = docker.settings['data-root']?.value ?? '/var/lib/docker';
      const state = this.tree.stat(`${String(root)}/swarm/docker-state.json`);
      const swarm = state === undefined ? undefined : state !== null;
      const of = new Map(mine.map((wish) => [wish.edit, wish] as const));
      const change = daemonChange(
        { facts: docker, swarm },
        this.place.read(docker.config),
        [...of.keys()],
        (edit, why) => {
          const wish = of.get(edit);
          if (wish !== undefined) this.refuse(wish, why);
        },
      );
      if (change === undefined) return;
      this.files.push(change);
      this.next.push({
        command: 'systemctl restart docker',
        why: `dockerd reads ${docker.config} when it starts; without live-restore its containers stop with it`,
      });
    });
  }

  /** Lines in a file of our own. */
  lines<K extends 'watch' | 'module'>(
    mine: readonly Wish<Extract<Edit, { readonly kind: K }>>[],
    path: string,
    change: (before: string | null, edits: readonly Extract<Edit, { readonly kind: K }>[]) => FileChange | undefined,
    next: Plan['next'][number],
  ): void {
    this.attempt(mine, () => {
      const made = change(
        this.place.read(path),
        mine.map(({ edit }) => edit),
      );
      if (made === undefined) return;
      this.files.push(made);
      this.next.push(next);
    });
  }

  access(wishes: readonly Wish[]): AccessChange[] {
    const byPath = Map.groupBy(ofKind(wishes, 'access'), ({ edit }) => edit.path);
    return [...byPath].flatMap(([path, mine]) => {
      const change = this.attempt(mine, (): AccessChange | undefined => {
        const before = this.place.stat(path);
        if (before === null) return undefined;
        const pick = (key: 'uid' | 'gid'): number =>
          mine.find(({ edit }) => edit[key] !== undefined)?.edit[key] ?? before[key];
        const [uid, gid] = [pick('uid'), pick('gid')];
        // What its owner has put into it must not become a program of root: a change of the owner takes these, and they stay away.
        const isGiven = before.type === 'file' && (uid !== before.uid || gid !== before.gid);
        const without = mine.reduce((bits, { edit }) => bits | (edit.without ?? 0), isGiven ? 0o6000 : 0);
        return { path, before, uid, gid, mode: before.mode & ~without };
      });
      const same =
        change === undefined ||
        (change.uid === change.before.uid && change.gid === change.before.gid && change.mode === change.before.mode);
      if (!same) return [change];
      for (const wish of mine) this.refuse(wish, `${path} is not as it was when it was looked at`);
      return [];
    });
  }
}

/** @param audited with its waivers. @throws Error of node:fs: the root is gone */
export function planHost(audited: Audited, facts: HostFacts, options: FixOptions): Plan {
  const place = new Place(facts.root);
  const tree = new Tree(facts.root);
  try {
    const planner = new Planner(facts, place, tree);
    const { wishes, left } = wishesOf(audited, facts, '', options);
    const settings = planner.sysctls(wishes);
    planner.docker(wishes);
    planner.lines(ofKind(wishes, 'watch'), RULES, watchChange, {
      command: 'augenrules --load',
      why: `the kernel does not know ${RULES} before`,
    });
    planner.lines(ofKind(wishes, 'module'), MODULES, moduleChange, {
      command: 'modprobe -r NAME',
      why: 'a module that is loaded stays until the next start',
    });
    // Directories before what is in them.
    const access = planner.access(wishes).sort((a, b) => a.path.length - b.path.length);
    const repairs = [...new Set(wishes.map(({ repair }) => repair))].filter((one) => !planner.isRefused(one));
    return {
      ...{ root: facts.root, machine: true },
      ...{ files: planner.files, access, settings, next: planner.next, repairs },
      left: [...left, ...planner.left],
    };
  } finally {
    tree.close();
    place.close();
  }
}
