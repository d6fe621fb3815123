// SPDX-License-Identifier: Apache-2.0
// Facts that were written and read back judge as those that were collected; a file that somebody else wrote is one error.
import { describe, expect, it } from 'vitest';
import { auditCollected, auditRecorded, parseRecords, RECORDED, recordText, uriOf } from '../../src/audit/recorded.ts';
import { SecureError } from '../../src/errors.ts';
import { exampleReader, merge } from '../support/audit.ts';

const record = (over: object = {}) => JSON.stringify({ version: 1, target: 'host', name: 'h', facts: {}, ...over });
const codeOf = (run: () => unknown): string => {
  try {
    run();
    return 'nothing';
  } catch (error) {
    if (!(error instanceof SecureError)) throw error;
    return `${error.code} ${error.position?.line}`;
  }
};

describe.each(RECORDED)('facts of a %s', (target) => {
  it('judge the same after they were a file', async () => {
    const facts = (await exampleReader(target))({});
    const collected = [{ target, name: 'docker/x', facts }];
    const read = parseRecords(recordText(collected), 'f');
    expect(auditRecorded(read, 'f')).toEqual(auditCollected(collected));
  });

  it('that could not be read are unknown in the file, too', async () => {
    const facts: object = (await exampleReader(target))({});
    for (const key of Object.keys(facts)) {
      for (const gone of [undefined, null]) {
        const collected = [{ target, name: 'x', facts: merge(facts, { [key]: gone }) }];
        const verdicts = () => auditRecorded(parseRecords(recordText(collected), 'f'), 'f')[0]?.results ?? [];
        // Where a collector never leaves it out the file is refused, and passes nothing.
        if (codeOf(verdicts) !== 'nothing') continue;
        const own = auditCollected(collected)[0]?.results ?? [];
        expect(verdicts().map(({ verdict }) => verdict)).toEqual(own.map(({ verdict }) => verdict));
      }
    }
  });
});

it.each<[string, string, string]>([
  ['nothing', '', 'AUDIT_UNREADABLE 1'],
  ['no JSON', `${record()}\n{`, 'AUDIT_UNREADABLE 2'],
  ['a list', '[]', 'AUDIT_UNREADABLE 1'],
  ['another version', record({ version: 2 }), 'AUDIT_UNREADABLE 1'],
  ['another target', record({ target: 'dockerfile' }), 'AUDIT_UNREADABLE 1'],
  ['a target of a prototype', record({ target: 'constructor' }), 'AUDIT_UNREADABLE 1'],
  ['no name', record({ name: '' }), 'AUDIT_UNREADABLE 1'],
  ['facts of another kind', record({ facts: [] }), 'AUDIT_UNREADABLE 1'],
])('a file of %s is one error', (_, text, expected) => {
  expect(codeOf(() => parseRecords(text, 'f'))).toBe(expected);
});

it('facts that no collector wrote are one error, and pass nothing', () => {
  for (const facts of [{}, { kernel: 7 }, { docker: { settings: null } }, { files: 'x' }])
    expect(codeOf(() => auditRecorded(parseRecords(record({ facts }), 'f'), 'f'))).toBe('AUDIT_UNREADABLE 1');
});

it('a name leads nowhere', () => {
  const uri = (target: (typeof RECORDED)[number], name: string) => uriOf({ target, name, facts: {} });
  expect(uri('container', 'docker/../../x y')).toBe('container/docker/x%20y');
  expect(uri('image', 'docker/registry.example/app:1')).toBe('image/docker/registry.example/app/1');
  expect(uri('engine', 'docker')).toBe('engine/docker');
  expect(uri('host', '/mnt')).toBe('host');
});

it('what an earlier version recorded is judged, and what it did not look for is unknown', async () => {
  const { rootless: _, ...host } = (await exampleReader('host'))({}) as Record<string, unknown>;
  const [one] = auditRecorded(
    parseRecords(recordText([{ target: 'host', name: 'old', facts: host }]), 'old.facts'),
    'old.facts',
  );
  const verdicts = new Map(one?.results.map(({ check, verdict }) => [check.id, verdict.status]));
  // Of what has no sister without root.
  expect(verdicts.get('SEC-HOST-0036')).toBe('pass');
  for (const id of ['0030', '0048', '0096', '0098', '0100'])
    expect([id, verdicts.get(`SEC-HOST-${id}`)]).toEqual([id, 'unknown']);
});
