// SPDX-License-Identifier: Apache-2.0
// SIGKILL at random moments of everything that changes the image store. What is there afterwards is whole, and what was reported as done is
// not undone.
import { fork } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFailed } from 'vitest';
import { buildImage } from '../../src/runtime/build/build.ts';
import { checkStore } from '../../src/runtime/images/check/check.ts';
import { importImage } from '../../src/runtime/images/import/import.ts';
import { saveImages } from '../../src/runtime/images/save/save.ts';
import type { ImageStore } from '../../src/runtime/images/store.ts';
import { buildRequest } from '../support/build-request.ts';
import { type Layout, ociLayout, sha256 } from '../support/oci.ts';
import { random } from '../support/random.ts';
import { FakeRegistry } from '../support/registry.ts';
import { noExtractor, openStore, temporaryDirectory } from '../support/store.ts';

const KILLS = 200;
/** Stores that are worked on at the same time. */
const LANES = 2;
const CHILD = join(import.meta.dirname, '../support/store-child.ts');

interface Step {
  readonly words: readonly string[];
  /** What the names that it changes mean afterwards; undefined: nothing. */
  readonly changes: Readonly<Record<string, string | undefined>>;
}

/** Runs a step, and kills it `ms` after it has begun. How long it took when it said that it is done. */
function killed({ words }: Step, state: string, ms: number, cache: string): Promise<number | undefined> {
  const env = { ...process.env, NODE_COMPILE_CACHE: cache, SECURE_STATE_ROOT: state, SECURE_RUN_ROOT: `${state}-run` };
  const child = fork(CHILD, [...words], { env, execArgv: [], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  return new Promise((resolve, reject) => {
    let began = 0;
    let took: number | undefined;
    let errors = '';
    let timer: NodeJS.Timeout | undefined;
    child.stderr?.on('data', (text: Buffer) => {
      errors += text.toString('utf8');
    });
    child.on('message', (message) => {
      if (message === 'done') took = performance.now() - began;
      else {
        child.send('go');
        began = performance.now();
        timer = setTimeout(() => child.kill('SIGKILL'), ms);
      }
    });
    child.on('error', reject);
    child.on('close', (_, signal) => {
      clearTimeout(timer);
      if (signal === null && took === undefined) reject(new Error(`${words.join(' ')} failed: ${errors}`));
      else resolve(took);
    });
  });
}

const image = (content: string): Layout =>
  ociLayout(join(temporaryDirectory(), 'l'), {
    layers: ['shared', content].map((data) => ({
      files: Array.from({ length: 60 }, (_, i) => ({ path: `${data}${i}`, data: data.repeat(500) })),
      compression: 'gzip',
    })),
  });

/** One store, and what it has to have. */
class Lane {
  readonly store: ImageStore;
  readonly names = new Map<string, string>();
  readonly saved = join(temporaryDirectory(), 'saved');

  constructor(store: ImageStore) {
    this.store = store;
  }

  /** Every name means what it meant, or, of those that a killed step was about to change, what it was going to mean. */
  async settle(changes: Step['changes'], done: boolean): Promise<void> {
    const found = new Map((await this.store.list()).map(({ reference, digest }) => [reference, digest]));
    for (const name of new Set([...this.names.keys(), ...found.keys(), ...Object.keys(changes)])) {
      const [was, is] = [this.names.get(name), found.get(name)];
      const allowed = Object.hasOwn(changes, name) ? (done ? [changes[name]] : [was, changes[name]]) : [was];
      expect(allowed, name).toContain(is);
      if (is === undefined) this.names.delete(name);
      else this.names.set(name, is);
    }
    expect((await checkStore(this.store)).findings).toEqual([]);
  }
}

describe.skipIf(noExtractor())('SIGKILL at random moments of a change', () => {
  it('damages nothing, and undoes nothing that was reported as done', async () => {
    const dice = random();
    onTestFailed(() => console.error(`SECURE_TEST_SEED=${dice.seed}`));
    const registry = await FakeRegistry.start();
    const cache = temporaryDirectory();
    const [home, archive] = [temporaryDirectory(), join(temporaryDirectory(), 'two.tar')];
    const [one, two, pulled] = ['one', 'two', 'pulled'].map(image) as [Layout, Layout, Layout];
    registry.publish(pulled);
    const maker = await openStore();
    for (const [name, { directory }] of [
      ['x', one],
      ['y', two],
    ] as const)
      await importImage(maker, directory, { name });
    await saveImages(maker, ['x', 'y'], { format: 'oci-archive', to: archive });
    const context = temporaryDirectory();
    const lines = ['a', 'b', 'c'].map((name) => `COPY ${name} /d/`);
    for (const name of ['a', 'b', 'c']) writeFileSync(join(context, name), name.repeat(100_000));
    writeFileSync(join(context, 'Dockerfile'), ['FROM scratch', ...lines, 'WORKDIR /w', ''].join('\n'));
    // Nothing of it depends on the store or the moment.
    process.env.SOURCE_DATE_EPOCH = '1700000000';
    const records = await buildImage(maker, await buildRequest(context, 'built'), () => {});
    const built = records[0]?.digest;
    const alone = join(temporaryDirectory(), 'x.tar');

    const reference = `${registry.host}/team/app:1`;
    const x = 'localhost/x:latest';
    const choose = (lane: Lane): Step => {
      const names = [...lane.names.keys()].sort();
      const any = names[dice.int(Math.max(names.length, 1))] ?? x;
      const steps: Step[] = [
        { words: ['pull', reference, home], changes: { [reference]: pulled.digest } },
        { words: ['load', archive], changes: { [x]: one.digest, 'localhost/y:latest': two.digest } },
        { words: ['import', two.directory, 'x'], changes: { [x]: two.digest } },
        { words: ['build', context, 'built'], changes: { 'localhost/built:latest': built } },
        { words: ['prune'], changes: {} },
      ];
      if (names.length > 0) {
        steps.push({ words: ['tag', any, 'z'], changes: { 'localhost/z:latest': lane.names.get(any) } });
        steps.push(
          { words: ['rm', any], changes: { [any]: undefined } },
          { words: ['rm', any], changes: { [any]: undefined } },
        );
      }
      if (lane.names.get(x) === one.digest) steps.push({ words: ['save', lane.saved, x], changes: {} });
      return steps[dice.int(steps.length)] as Step;
    };

    await saveImages(maker, ['x'], { format: 'oci-archive', to: alone });
    const wanted = sha256(readFileSync(alone));
    /** The longest that each kind of step took, so that it is killed within its time. Milliseconds. */
    const longest = new Map<string, number>();
    let kills = 0;
    let completed = 0;
    const work = async (lane: Lane) => {
      while (kills < KILLS) {
        const step = choose(lane);
        const kind = step.words[0] ?? '';
        const limit = longest.get(kind);
        const ms = limit === undefined ? 60_000 : dice.int(Math.ceil(limit));
        const took = await killed(step, lane.store.paths.state, ms, cache);
        const done = took !== undefined;
        if (done) {
          completed++;
          longest.set(kind, Math.max(took, limit ?? 0));
        } else kills++;
        await lane.settle(step.changes, done);
        if (existsSync(lane.saved)) expect(sha256(readFileSync(lane.saved))).toBe(wanted);
      }
      // What killed processes left goes, and nothing else.
      await lane.store.prune();
      await lane.settle({}, true);
      const checked = await checkStore(lane.store, { deep: true });
      expect(checked).toMatchObject({ findings: [], leftovers: { blobs: 0, layers: 0, index: 0 } });
      for (const name of lane.names.keys())
        expect((await lane.store.imageFacts(name)).digest).toBe(lane.names.get(name));
      expect(readdirSync(lane.store.paths.tmp)).toEqual([]);
    };
    const lanes = await Promise.all(Array.from({ length: LANES }, async () => new Lane(await openStore())));
    await Promise.all(lanes.map(work));
    expect([kills >= KILLS, completed > 0]).toEqual([true, true]);
  }, 600_000);
});
