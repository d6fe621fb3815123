// SPDX-License-Identifier: Apache-2.0
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Instance, instanceOf, SIGSTORE } from '../../../src/runtime/images/signatures/trust/instance.ts';
import { keptPath, keptTrustedRoot } from '../../../src/runtime/images/signatures/trust/kept.ts';
import { publicRoot } from '../../../src/runtime/images/signatures/trust/public-root.ts';
import { updateTrust } from '../../../src/runtime/images/signatures/trust/update.ts';
import { Inputs } from '../../../src/runtime/inputs.ts';
import { FakeRegistry, send, snapshot } from '../../support/registry.ts';
import { Sigstore } from '../../support/signatures.ts';
import { codeOf, temporaryDirectory } from '../../support/store.ts';
import { TufKey, TufRepository } from '../../support/tuf.ts';

describe('the trusted root of a sigstore instance', { timeout: 30_000 }, () => {
  let server: FakeRegistry;
  let repository: TufRepository;
  let state = '';
  let pin = '';
  let first: string;
  let second: string;
  beforeEach(async () => {
    server = await FakeRegistry.start();
    state = join(temporaryDirectory(), 'state');
    repository = new TufRepository();
    pin = join(temporaryDirectory(), 'root.json');
    writeFileSync(pin, repository.root());
    const roots = [await Sigstore.create(), await Sigstore.create()].map(({ root }) => JSON.stringify(root));
    [first = '', second = ''] = roots;
    repository.release({ 'trusted_root.json': first });
  });

  const instance = (mirror = `http://${server.host}/tuf`): Instance => instanceOf(mirror, pin, new Inputs());
  const update = () => {
    repository.serve(server);
    return updateTrust(state, instance(), { timeout: 3000 });
  };
  const kept = () => keptTrustedRoot(state, instance(), new Inputs());
  /** Refused, and what was here before is here still, to the byte. */
  async function refused(code: string): Promise<string> {
    const before = snapshot(join(state, 'trust'));
    let message = '';
    expect(
      await codeOf(
        update().catch((error: Error) => {
          message = error.message;
          throw error;
        }),
      ),
    ).toBe(code);
    expect(snapshot(join(state, 'trust'))).toEqual(before);
    return message;
  }

  it('is fetched once, and then read with no network', async () => {
    expect(await codeOf(kept)).toBe('TRUST_MISSING');
    const { versions, target } = await update();
    expect([versions, target]).toEqual([{ root: 1, timestamp: 1, snapshot: 1, targets: 1 }, first]);
    const asked = server.seen.length;
    expect(kept().name).toContain(server.host);
    expect(server.seen).toHaveLength(asked);
    expect(statSync(join(state, 'trust')).mode & 0o777).toBe(0o700);
  });

  it('is replaced by what is released later, in one file', async () => {
    await update();
    repository.release({ 'trusted_root.json': second });
    expect((await update()).target).toBe(second);
    // Nothing new: nothing changes.
    expect((await update()).versions).toEqual({ root: 1, timestamp: 2, snapshot: 2, targets: 2 });
    expect(readdirSync(join(state, 'trust')).sort()).toEqual([`${instance().key}.json`, 'lock']);
  });

  it('comes from a directory as well', async () => {
    const directory = temporaryDirectory();
    repository.write(directory);
    expect((await updateTrust(state, instance(`file://${directory}`))).target).toBe(first);
    expect(server.seen).toHaveLength(0);
  });

  it('follows the keys of the root, each vouched for by those before it', async () => {
    await update();
    for (let i = 0; i < 3; i++) {
      const before = repository.keys.root;
      repository.keys.root = [new TufKey(), new TufKey(), new TufKey()];
      repository.keys.timestamp = [new TufKey()];
      repository.root(before);
    }
    repository.release({ 'trusted_root.json': second });
    const { versions, target } = await update();
    expect([versions.root, target]).toEqual([4, second]);
    // Roots that are verified are not asked for again.
    const asked = server.seen.length;
    await update();
    expect(server.paths.slice(asked).filter((path) => path.endsWith('.root.json'))).toEqual(['/tuf/5.root.json']);
  });

  it('takes no root that the one before does not vouch for, with enough keys', async () => {
    await update();
    repository.keys.root = [new TufKey(), new TufKey()];
    repository.root();
    expect(await refused('TRUST_INVALID')).toContain('0/2');
    // One of the old keys is not two.
    const again = new TufRepository();
    writeFileSync(pin, again.root());
    repository = again;
    repository.release({ 'trusted_root.json': first });
    await update();
    const [old = new TufKey()] = repository.keys.root;
    repository.keys.root = [new TufKey(), new TufKey()];
    repository.root([old]);
    expect(await refused('TRUST_INVALID')).toContain('1/2');
  });

  it('takes no root out of order', async () => {
    await update();
    repository.root();
    const third = repository.root();
    repository.files.set('2.root.json', third);
    expect(await refused('TRUST_INVALID')).toContain('version');
  });

  it.each(['timestamp', 'snapshot', 'targets'] as const)(
    'is refused where %s is signed by somebody else',
    async (role) => {
      await update();
      repository.keys[role] = [new TufKey(), new TufKey()];
      repository.release({ 'trusted_root.json': second });
      expect(await refused('TRUST_INVALID')).toContain(`${role} was signed by 0/`);
    },
  );

  it('is refused where fewer have signed than must', async () => {
    await update();
    repository.keys.targets = repository.keys.targets.slice(0, 1);
    repository.release({ 'trusted_root.json': second });
    expect(await refused('TRUST_INVALID')).toContain('1/2');
  });

  it.each(['root', 'timestamp', 'snapshot', 'targets'] as const)('is refused where %s has expired', async (role) => {
    await update();
    repository.expires[role] = '2020-01-01T00:00:00Z';
    if (role === 'root') repository.root();
    repository.release({ 'trusted_root.json': second });
    expect(await refused('TRUST_EXPIRED')).toContain('expired');
  });

  it('is refused where the mirror goes back to what was before', async () => {
    await update();
    const old = new Map(repository.files);
    repository.release({ 'trusted_root.json': second });
    await update();
    for (const [path, data] of old) repository.files.set(path, data);
    expect(await refused('TRUST_INVALID')).toContain('version 1');
    expect(kept().name).toContain(server.host);
  });

  it('is refused where a new timestamp stands for an older snapshot', async () => {
    repository.release({ 'trusted_root.json': second });
    await update();
    repository.versions.snapshot = 1;
    repository.timestamp();
    expect(await refused('TRUST_INVALID')).toContain('snapshot version 1');
  });

  it('is refused where it is not what was signed', async () => {
    await update();
    repository.release({ 'trusted_root.json': second });
    for (const [path, data] of repository.files)
      if (path.startsWith('targets/') && data.toString() === second)
        repository.files.set(path, Buffer.from(second.replace('fulcio.example', 'fulcio.exbmple')));
    await refused('TRUST_INVALID');
  });

  it('is refused where what was signed is none', async () => {
    await update();
    repository.release({ 'trusted_root.json': '{}' });
    await refused('KEY_INVALID');
    repository.release({ 'other.json': second });
    expect(await refused('TRUST_INVALID')).toContain('trusted_root.json');
  });

  it.each(['2.root.json', 'timestamp.json', '2.snapshot.json', '2.targets.json', 'target'])(
    'is refused where %s never ends',
    async (name) => {
      await update();
      repository.release({ 'trusted_root.json': second });
      repository.serve(server);
      const target = [...repository.files].find(([path, data]) => path.startsWith('targets/') && `${data}` === second);
      const path = name === 'target' ? (target?.[0] ?? '') : name;
      let sent = 0;
      server.routes.set(`/tuf/${path}`, (_, response) => {
        const more = () => {
          for (let i = 0; i < 64 && !response.destroyed; i++) {
            sent += 1 << 16;
            if (!response.write(Buffer.alloc(1 << 16, 32))) break;
          }
        };
        response
          .writeHead(200)
          .on('drain', more)
          .on('error', () => {});
        more();
      });
      expect(await codeOf(updateTrust(state, instance()))).toBe('TRUST_INVALID');
      expect(sent).toBeLessThan(64 << 20);
      expect(kept().name).toContain(server.host);
    },
  );

  it.each([
    ['does not answer', () => {}],
    ['is out of order', send(500, '')],
    ['sends on to somewhere else', send(302, '', { location: 'http://127.0.0.1:1/' })],
    ['has nothing', send(404, '')],
  ])('cannot be had where the mirror %s, and what is here counts', async (_, reply) => {
    await update();
    repository.serve(server);
    server.routes.set('/tuf/timestamp.json', reply);
    expect(await codeOf(updateTrust(state, instance(), { timeout: 500 }))).toBe('TRUST_UNREACHABLE');
    expect(kept().name).toContain(server.host);
  });

  it('cannot be had where nobody listens', async () => {
    const nobody = instanceOf('http://127.0.0.1:1', pin, new Inputs());
    expect(await codeOf(updateTrust(state, nobody))).toBe('TRUST_UNREACHABLE');
  });

  it.each([
    ['no JSON', '{'],
    ['JSON of something else', '{"signed":{"_type":"targets","version":1},"signatures":[]}'],
    ['no object', 'null'],
  ])('is not fetched where the timestamp is %s', async (_, text) => {
    await update();
    repository.files.set('timestamp.json', Buffer.from(text));
    await refused('TRUST_INVALID');
  });

  it('counts no longer than what vouches for it', async () => {
    // The specification has whole seconds.
    repository.expires.snapshot = new Date(Math.ceil(Date.now() / 1000) * 1000 + 3000)
      .toISOString()
      .replace('.000', '');
    repository.release({ 'trusted_root.json': first });
    const { expires } = await update();
    expect(kept().name).toContain(server.host);
    await delay(Date.parse(expires) - Date.now() + 50);
    expect(await codeOf(kept)).toBe('TRUST_EXPIRED');
    repository.expires.snapshot = '2099-01-01T00:00:00Z';
    repository.release({ 'trusted_root.json': second });
    expect((await update()).target).toBe(second);
    expect(kept().name).toContain(server.host);
  });

  it('is another one for another pinned root of the same mirror', async () => {
    await update();
    writeFileSync(pin, new TufRepository().root());
    expect(await codeOf(kept)).toBe('TRUST_MISSING');
    await refused('TRUST_INVALID');
  });

  it.each([
    ['empty', ''],
    ['half of it', '{"mirror":"x","metadata":{"root":"{}"'],
    [
      'without an expiry',
      '{"mirror":"x","target":"{}","updated":"","metadata":{"root":"","timestamp":"","snapshot":"","targets":""},"versions":{"root":1,"timestamp":1,"snapshot":1,"targets":1}}',
    ],
  ])('that is kept damaged (%s) is an error and no trust', async (_, text) => {
    await update();
    writeFileSync(keptPath(state, instance()), text);
    expect(await codeOf(kept)).toBe('KEY_INVALID');
    expect(await codeOf(update())).toBe('KEY_INVALID');
  });

  it('survives two updates at once', async () => {
    repository.serve(server);
    const both = await Promise.all([update(), update()]);
    expect(both.map(({ target }) => target)).toEqual([first, first]);
  });

  it('of the public instance begins with a root that is in this program', async () => {
    const { signed } = JSON.parse(String(await publicRoot())) as { signed: { _type: string; version: number } };
    expect(signed._type).toBe('root');
    expect(signed.version).toBeGreaterThanOrEqual(10);
    // Somebody else's mirror is held against it.
    const mirror = instanceOf(repository.serve(server), undefined, new Inputs());
    expect(await codeOf(updateTrust(state, mirror))).toBe('TRUST_INVALID');
    expect(instanceOf(SIGSTORE, undefined, new Inputs()).key).toBe(SIGSTORE);
  });

  it.each(['ftp://a/b', 'tuf.example', 'https://me:secret@tuf.example', 'https://tuf.example/?a=1', 'file://host/x'])(
    'comes from no such place: %s',
    async (text) => {
      expect(await codeOf(() => instanceOf(text, undefined, new Inputs()))).toBe('INVALID_VALUE');
    },
  );

  it('has to have a pinned root that is one', async () => {
    writeFileSync(pin, 'x');
    expect(await codeOf(updateTrust(state, instance()))).toBe('KEY_INVALID');
    expect(await codeOf(() => instanceOf(SIGSTORE, '/nowhere/root.json', new Inputs()))).toBe('KEY_INVALID');
  });
});
