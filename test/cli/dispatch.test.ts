// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { allFlags } from '../../src/cli/command.ts';
import { COMMANDS, TOPICS } from '../../src/cli/commands.ts';
import { resolve } from '../../src/cli/dispatch.ts';
import { helpText } from '../../src/cli/help.ts';

describe('resolve', () => {
  it.each<[string[], object]>([
    [[], { kind: 'help', subject: '' }],
    [['--help'], { kind: 'help', subject: '' }],
    [['help', 'system', 'info'], { kind: 'help', subject: 'system:info' }],
    [['system'], { kind: 'help', subject: 'system' }],
    [['system', '-h'], { kind: 'help', subject: 'system' }],
    [['--version'], { kind: 'version' }],
    [['ps', '-a'], { kind: 'command', id: 'ps', argv: ['-a'] }],
    [['system', 'info', '--json'], { kind: 'command', id: 'system:info', argv: ['--json'] }],
    [['run', '--', 'ps'], { kind: 'command', id: 'run', argv: ['--', 'ps'] }],
  ])('%j', (argv, target) => expect(resolve(argv)).toEqual(target));

  it.each<[string[], string | undefined]>([
    [['rnu'], 'secure run'],
    [['exce'], 'secure exec'],
    [['sytem'], 'secure system'],
    [['system', 'inof'], 'secure system info'],
    [['help', 'lgos'], 'secure logs'],
    [['quite-another-thing'], undefined],
    [['__proto__'], undefined],
    [['toString'], undefined],
    [['system', 'constructor'], undefined],
    [[''], undefined],
  ])('%j is unknown, nearest %s', (argv, nearest) => {
    const hint =
      nearest === undefined ? expect.not.stringContaining('did you mean') : expect.stringContaining(`'${nearest}'`);
    expect(() => resolve(argv)).toThrow(expect.objectContaining({ code: 'USAGE', hint }));
  });

  it('refuses a flag before the command', () => {
    expect(() => resolve(['--rm', 'run'])).toThrow(expect.objectContaining({ code: 'UNKNOWN_FLAG' }));
  });
});

describe('every command', () => {
  it.each(Object.keys(COMMANDS))('%s has an id, a summary, examples, --json and help', async (id) => {
    const { default: command } = await (COMMANDS[id] ?? expect.fail()).load();
    expect(command.id).toBe(id);
    expect(command.summary).toBe(COMMANDS[id]?.summary);
    expect(Object.keys(allFlags(command))).toContain('json');
    const text = await helpText(id);
    expect(text.indexOf('EXAMPLES')).toBeGreaterThan(0);
    expect(text.indexOf('EXAMPLES')).toBeLessThan(text.indexOf('USAGE'));
  });
  it('a topic is not a command', () => {
    for (const topic of Object.keys(TOPICS)) expect(COMMANDS[topic]).toBeUndefined();
  });
});
