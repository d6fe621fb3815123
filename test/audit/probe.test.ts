// SPDX-License-Identifier: Apache-2.0
// What comes out of a container is an answer or one error; what it does not say is never passed.
import { describe, expect, it } from 'vitest';
import { CHECKS } from '../../src/audit/checks/index.ts';
import { ATTEMPTS } from '../../src/audit/facts/probe/example.ts';
import { whose } from '../../src/audit/facts/probe/namespaces.ts';
import { MAX_BYTES, parseProbe } from '../../src/audit/facts/probe/read.ts';
import { NAMESPACES, type ProbeFacts } from '../../src/audit/facts/probe/types.ts';
import { exampleFacts } from '../../src/audit/facts/probe.ts';
import { auditProbe } from '../../src/audit/probe.ts';
import { attemptText, compareProbes } from '../../src/audit/report/probe.ts';
import { reportSarif } from '../../src/audit/report/sarif.ts';
import { reportTable } from '../../src/audit/report/table.ts';
import { report } from '../../src/audit/run.ts';
import { standardOutput } from '../../src/cli/probe/engine.ts';
import { SecureError } from '../../src/errors.ts';
import { random } from '../support/random.ts';

const SECTIONS = Object.keys(exampleFacts).filter((key) => !['name', 'attempts', 'gaps', 'host'].includes(key));

/** As the program would write it. */
function documentOf(facts: ProbeFacts = exampleFacts): Record<string, unknown> {
  const sections = Object.fromEntries(SECTIONS.map((name) => [name, facts[name as keyof ProbeFacts]]));
  const attempts = Object.entries(facts.attempts).map(([name, attempt]) => ({ name, ...attempt }));
  return { probe: 1, facts: sections, attempts };
}
const codeOf = (text: string): string => {
  try {
    parseProbe(text, 'web');
    return 'nothing';
  } catch (error) {
    if (!(error instanceof SecureError)) throw error;
    expect(error.message).toMatch(/^[\x20-\x7e]*$/);
    return error.code;
  }
};

describe('an answer', () => {
  it('is read as it was written', () => {
    const { attempts, gaps, ...sections } = parseProbe(JSON.stringify(documentOf()), 'web');
    expect({ ...sections, attempts, gaps }).toEqual({ ...exampleFacts, name: undefined, host: undefined });
  });

  it.each([
    ['nothing', ''],
    ['half of one', JSON.stringify(documentOf()).slice(0, 500)],
    ['no object', '[]'],
    ['null', 'null'],
    ['another version', JSON.stringify({ ...documentOf(), probe: 2 })],
    ['no facts', JSON.stringify({ probe: 1, attempts: [] })],
    ['no attempts', JSON.stringify({ ...documentOf(), attempts: {} })],
    ['an outcome of its own', JSON.stringify({ ...documentOf(), attempts: [{ name: 'mount', outcome: 'fine' }] })],
    ['a million brackets', '['.repeat(1 << 19)],
    ['more than there is room for', ' '.repeat(MAX_BYTES + 1)],
    ['a long list', JSON.stringify({ ...documentOf(), attempts: new Array(2000).fill({}) })],
    ['a long text', JSON.stringify({ ...documentOf(), attempts: [{ name: 'x'.repeat(5000) }] })],
    [
      'no mask',
      JSON.stringify(
        documentOf({ ...exampleFacts, capabilities: { ...exampleFacts.capabilities, bounding: 'all' } as never }),
      ),
    ],
    ['a text for a number', JSON.stringify(documentOf({ ...exampleFacts, keys: { visible: '1' } as never }))],
    ['a number that is none', `{"probe":1,"facts":{"keys":{"visible":1e999}},"attempts":[]}`],
  ])('that is %s is one error', (_, text) => {
    expect(codeOf(text)).toBe('AUDIT_UNREADABLE');
  });

  it.each(SECTIONS)('without %s is none, and one in which it could not be read has a gap', (section) => {
    const document = documentOf();
    const facts = document.facts as Record<string, unknown>;
    expect(codeOf(JSON.stringify({ ...document, facts: { ...facts, [section]: undefined } }))).toBe('AUDIT_UNREADABLE');
    expect(codeOf(JSON.stringify({ ...document, facts: { ...facts, [section]: 7 } }))).toBe('AUDIT_UNREADABLE');
    for (const unread of [null, { unread: 'killed by a filter\u001b[31m' }]) {
      const read = parseProbe(JSON.stringify({ ...document, facts: { ...facts, [section]: unread } }), 'web');
      expect(read[section as keyof typeof read]).toBeNull();
      expect(read.gaps[section]).toMatch(/^[\x20-\x7e]+$/);
    }
  });

  it('steers no terminal, and names no member of objects', () => {
    const text = JSON.stringify(documentOf()).replace('"pipe:[1]"', '"\\u001b]0;owned\\u0007\\u202e"');
    expect(parseProbe(text, 'web').descriptors?.open[0]?.link).toBe('\\x1b]0;owned\\x07\\x202e');
    const attempts = '[{"name":"__proto__","outcome":"allowed","errno":null,"by":null,"detail":""}]';
    const read = parseProbe(JSON.stringify({ ...documentOf(), attempts: JSON.parse(attempts) }), 'web');
    expect(Object.getPrototypeOf(read.attempts)).toBe(Object.prototype);
    expect(
      auditProbe({ ...read, name: 'web', host: null }).results.some(({ verdict }) => verdict.status === 'fail'),
    ).toBe(false);
  });
});

describe('whatever a container sends', () => {
  const { seed, int, pick } = random();
  const WORDS = [
    '',
    'allowed',
    '__proto__',
    'constructor',
    '\u001b[2J',
    '\u202egnp.exe',
    '\ud800',
    '{{0}}',
    '[a](http://x)',
    '<b>',
    '/',
    '0',
  ];
  const VALUES: readonly (() => unknown)[] = [
    ...[() => null, () => true, () => -1, () => 2 ** 53, () => 1e308, () => [], () => ({}), () => 'x'.repeat(4096)],
    ...[() => pick(WORDS), () => int(300), () => 0xeffffffc, () => [[[]]], () => ({ unread: pick(WORDS) })],
  ];
  /** Something in it is another. */
  function changed(value: unknown, depth = 0): unknown {
    if (depth > 0 && int(4) === 0) return pick(VALUES)();
    if (Array.isArray(value)) {
      const at = int(value.length + 1);
      return value.length === 0
        ? [pick(VALUES)()]
        : value.flatMap((item, i) => (i !== at ? [item] : pick([[changed(item, depth + 1)], [], [item, item]])));
    }
    if (typeof value !== 'object' || value === null) return pick(VALUES)();
    if (Object.keys(value).length === 0) return pick(VALUES)();
    const key = pick(Object.keys(value));
    return {
      ...value,
      [int(20) === 0 ? pick(WORDS) : key]: changed((value as Record<string, unknown>)[key], depth + 1),
    };
  }

  it(`is judged and printed, or is one error (SECURE_TEST_SEED=${seed})`, () => {
    let [read, refused] = [0, 0];
    for (let i = 0; i < 3000; i++) {
      let document: unknown = documentOf();
      for (let k = int(3); k >= 0; k--) document = changed(document);
      try {
        const facts = { ...parseProbe(JSON.stringify(document), 'web'), name: 'web', host: exampleFacts.host };
        const made = report([auditProbe(facts)]);
        JSON.parse(reportSarif(made));
        const shown = [
          reportTable(made, { verbose: true, colour: false }),
          ...compareProbes([facts]).flatMap(({ title, cells }) => [title, ...cells]),
        ];
        for (const text of shown) expect(text).toMatch(/^[\n\x20-\x7e\u2026\u2019]*$/);
        read += 1;
      } catch (error) {
        if (!(error instanceof SecureError)) throw error;
        expect([error.code, /^[\x20-\x7e]*$/.test(error.message)]).toEqual(['AUDIT_UNREADABLE', true]);
        refused += 1;
      }
    }
    expect(Math.min(read, refused)).toBeGreaterThan(200);
  });
});

describe('what is not known', () => {
  const unread = (sections: readonly string[], attempts: ProbeFacts['attempts']): ProbeFacts => ({
    ...exampleFacts,
    ...Object.fromEntries(sections.map((name) => [name, null])),
    attempts,
    gaps: Object.fromEntries(sections.map((name) => [name, 'killed by a filter'])),
  });
  const passed = (facts: ProbeFacts) =>
    auditProbe(facts)
      .results.filter(({ verdict }) => verdict.status === 'pass')
      .map(({ check }) => check.id);

  it('is passed by no check', () => {
    expect(auditProbe(exampleFacts).results.map(({ verdict }) => verdict.status)).not.toContain('unknown');
    expect(passed(unread(SECTIONS, {}))).toEqual([]);
  });

  it('is unknown attempt by attempt', () => {
    for (const name of ATTEMPTS) {
      const { [name]: _, ...others } = exampleFacts.attempts;
      const lost = {
        ...others,
        [name]: { outcome: 'timeout', errno: null, by: null, detail: 'it took too long' } as const,
      };
      for (const attempts of [others, lost]) {
        const facts = { ...exampleFacts, attempts };
        const now = passed(facts);
        const before = passed(exampleFacts).filter((id) => !now.includes(id));
        const statuses = auditProbe(facts).results.filter(({ check }) => before.includes(check.id));
        for (const { verdict } of statuses) expect(verdict.status).toBe('unknown');
      }
    }
  });

  it('every attempt is asked about by a check, or is only shown', () => {
    const shown = ['unshare-net', 'chroot', 'netlink-route', 'netlink-sock-diag', 'netlink-generic'];
    for (const name of ATTEMPTS) {
      const attempts = {
        ...exampleFacts.attempts,
        [name]: { ...exampleFacts.attempts.mount, outcome: 'allowed' } as never,
      };
      const host = {
        ...exampleFacts.namespaces,
        pid: { inode: 0xeffffffc, ofFirst: null },
        uts: { inode: 0xeffffffe, ofFirst: null },
      } as never;
      const failed = [exampleFacts, { ...exampleFacts, namespaces: host }].some((facts) =>
        CHECKS.probe.some((check) => {
          const verdict = check.check({ ...facts, attempts });
          return verdict.status === 'fail' && verdict.problems.some(({ key }) => key === name);
        }),
      );
      expect([name, failed]).toEqual([name, !shown.includes(name)]);
    }
  });
});

describe('whose a namespace is', () => {
  const with_ = (over: object): ProbeFacts => ({ ...exampleFacts, ...over });
  it('is told by its number, and by the machine that judges', () => {
    for (const kind of NAMESPACES) {
      const inode = kind === 'time' ? 4026531999 : 4026533000;
      const of = (number: number | null, more: object = {}) =>
        whose(
          with_({ namespaces: { ...exampleFacts.namespaces, [kind]: { inode: number, ofFirst: null } }, ...more }),
          kind,
        );
      expect(of(inode)).toBe('own');
      expect(of(exampleFacts.host?.namespaces[kind] ?? 0)).toBe('host');
      // On a machine that knows nothing of it, before the numbers of mounts and networks were fixed.
      const elsewhere = { host: null, kernel: { ...exampleFacts.kernel, release: '6.1.0' } };
      expect(of(inode, elsewhere)).toBe(kind === 'mnt' || kind === 'net' ? 'unknown' : 'own');
      expect(of(null, { ids: null })).toBe('unknown');
      // What another machine has is not compared.
      const other = { host: { bootId: 'other', namespaces: { [kind]: inode } } };
      expect(of(inode, other)).toBe('own');
    }
  });
  it('is the host’s where its processes, its devices or all ids are seen', () => {
    const { processes, network } = exampleFacts;
    const none = Object.fromEntries(NAMESPACES.map((kind) => [kind, { inode: null, ofFirst: null }]));
    const seen = (over: object): ProbeFacts => with_({ namespaces: none, ...over });
    expect(whose(seen({ processes: { ...processes, kernelThreads: true } }), 'pid')).toBe('host');
    const given = { network: { ...network, interfaces: [{ name: 'eth0', device: true }] } };
    expect(whose(seen(given), 'net')).toBe('host');
    // A device that was given to a container makes its network nobody else's.
    expect(whose(with_(given), 'net')).toBe('own');
    expect(whose(seen({ ids: { ...exampleFacts.ids, uidMap: [[0, 0, 4294967295]] } }), 'user')).toBe('host');
    expect(whose(seen({}), 'pid')).toBe('unknown');
  });
});

it('whether the root is read-only the list of mounts says, too', () => {
  const of = (facts: ProbeFacts) =>
    auditProbe(facts).results.find(({ check }) => check.id === 'SEC-CONTAINER-0007')?.verdict.status;
  const unasked = { ...exampleFacts, root: { flags: null, writable: false } };
  const [root, ...more] = exampleFacts.mounts?.mounts ?? [];
  const writable = { ...root, options: 'rw,relatime' } as never;
  expect(of(unasked)).toBe('pass');
  // The last one lies over those before it.
  const over = { complete: true, mounts: [root as never, writable, ...more] };
  expect(of({ ...unasked, mounts: over })).toBe('fail');
  expect(of({ ...unasked, mounts: null })).toBe('unknown');
});

it('side by side there is a line for everything that was asked, and for every attempt', () => {
  const rows = compareProbes([exampleFacts, { ...exampleFacts, ids: null, attempts: {} }]);
  expect(rows.every(({ cells }) => cells.length === 2)).toBe(true);
  expect(rows.find(({ title }) => title === 'user outside')?.cells).toEqual(['1959919612', '?']);
  expect(rows.find(({ title }) => title === 'mount')?.cells).toEqual(['EPERM', '?']);
  expect(rows.filter(({ title }) => (ATTEMPTS as readonly string[]).includes(title))).toHaveLength(ATTEMPTS.length);
  const text = (outcome: string, by: string | null = null) =>
    attemptText({ outcome, errno: outcome === 'unsupported' ? 'ENOSYS' : null, by, detail: '' } as never);
  expect([text('killed'), text('timeout'), text('unsupported', 'filter'), text('unsupported', 'unknown')]).toEqual([
    ...['killed', 'timeout', 'ENOSYS (filter)', 'ENOSYS'],
  ]);
});

describe('the stream of a session', () => {
  const frame = (which: number, text: string) => {
    const head = Buffer.alloc(8);
    head[0] = which;
    head.writeUInt32BE(Buffer.byteLength(text), 4);
    return Buffer.concat([head, Buffer.from(text)]);
  };
  it('is taken apart', () => {
    expect(standardOutput(Buffer.concat([frame(1, 'a'), frame(2, 'error'), frame(1, 'b')])).toString()).toBe('ab');
    expect(standardOutput(Buffer.alloc(0)).toString()).toBe('');
  });
  it.each([
    ['half a head', Buffer.from([1, 0, 0])],
    ['less than it promised', frame(1, 'abc').subarray(0, 9)],
    ['text', Buffer.from('HTTP/1.1 400 Bad')],
  ])('that is %s is none', (_, stream) => {
    expect(() => standardOutput(stream)).toThrow('stream');
  });
});
