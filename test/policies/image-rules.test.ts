// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { policyChanges } from '../../src/policies/diff.ts';
import { loadPolicy } from '../../src/policies/index.ts';
import { showPolicy } from '../../src/policies/show.ts';
import { filesIo, policy } from './files.ts';

const images = (...entries: string[]) =>
  entries.length === 0 ? '' : `images:\n${entries.map((one) => `  - ${one}\n`).join('')}`;
const load = (body: string) => loadPolicy('./p.yaml', filesIo({ 'p.yaml': policy(body) }));
const entry = (require: string, more = '') => `{ match: "r.example/**"${more}, require: ${require} }`;
const KEY = entry('{ cosign: { key: /a } }');

async function changes(before: string[], after: string[]): Promise<string[]> {
  const found = policyChanges(await load(images(...before)), await load(images(...after)));
  return found.map(({ section, direction }) => `${section} ${direction}`);
}

describe('rules about signatures', () => {
  it.each<[string, string[], string[], string]>([
    ['the same', [KEY], [KEY], ''],
    ['in another order', [KEY, entry('reject')], [entry('reject'), KEY], ''],
    ['a new one', [], [KEY], 'tighter'],
    ['one that is gone', [KEY], [], 'looser'],
    ['an exemption', [], [entry('nothing')], 'looser'],
    ['an exemption that is gone', [entry('nothing')], [], 'tighter'],
    ['rejected instead', [KEY], [entry('reject')], 'tighter'],
    ['needed no more', [KEY], [entry('nothing')], 'looser'],
    ['one more key', [KEY], [entry('{ cosign: { key: [/a, /b] } }')], 'looser'],
    ['one key less', [entry('{ cosign: { key: [/a, /b] } }')], [KEY], 'tighter'],
    [
      'keys in another order',
      [entry('{ cosign: { key: [/b, /a] } }')],
      [entry('{ cosign: { key: [/a, /b] } }')],
      'other',
    ],
    ['another key', [KEY], [entry('{ cosign: { key: /b } }')], 'other'],
    ['another form', [KEY], [entry('{ cosign: { key: /a }, gpg: { key: /g } }')], 'looser'],
    ['another identity', [KEY], [entry('{ cosign: { key: /a }, identity: digest-only }')], 'other'],
    ['names that are left out', [KEY], [entry('{ cosign: { key: /a } }', ', except: "r.example/x"')], 'looser'],
    [
      'names that are left out of an exemption',
      [entry('nothing')],
      [entry('nothing', ', except: "r.example/x"')],
      'tighter',
    ],
    [
      'one more attestation',
      [entry('{ cosign: { key: /a }, attestation: slsa }')],
      [entry('{ cosign: { key: /a }, attestation: [slsa, spdx] }')],
      'tighter',
    ],
    ['an attestation instead', [KEY], [entry('{ cosign: { key: /a }, attestation: slsa }')], 'other'],
    [
      'a key more and a name less',
      [entry('{ cosign: { key: /a } }', ', except: "r.example/x"')],
      [entry('{ cosign: { key: [/a, /b] } }')],
      'other',
    ],
  ])('%s are told apart by what they let through', async (_, before, after, direction) => {
    expect(await changes(before, after)).toEqual(direction === '' ? [] : [`images ${direction}`]);
  });

  it('are shown as they are', async () => {
    const shown = showPolicy(
      await load(
        images(
          entry('nothing'),
          entry('reject', ', except: "r.example/x"'),
          entry('{ cosign: { key: /a }, attestation: slsa }'),
        ),
      ),
    );
    expect(shown.filter(({ section }) => section === 'images').map(({ name, value }) => `${name}: ${value}`)).toEqual([
      'r.example/**: no signature is needed',
      'r.example/** but r.example/x: rejected',
      'r.example/**: attestation slsa by key /a, naming repository',
    ]);
  });
});
