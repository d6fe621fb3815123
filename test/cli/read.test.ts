// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { Args, Flags } from '../../src/cli/definitions.ts';
import { type ArgumentSpec, HelpRequested, readArguments, wantsJson } from '../../src/cli/read.ts';
import { RUN_FLAGS } from '../../src/cli/run/flags.ts';

const SPEC: ArgumentSpec = {
  flags: {
    name: Flags.string({}),
    level: Flags.string({ options: ['a', 'b'], default: 'a' }),
    env: Flags.string({ char: 'e', multiple: true }),
    quiet: Flags.boolean({ exclusive: ['loud'] }),
    loud: Flags.boolean({}),
    json: Flags.boolean({}),
    need: Flags.string({ dependsOn: ['name'] }),
  },
  args: { first: Args.string({ required: true }), rest: Args.string({ multiple: true }) },
  verbatim: false,
  invocation: 'secure try',
};
const read = (...argv: string[]) => readArguments(argv, SPEC);

describe('readArguments', () => {
  it('fills defaults, collects what is multiple, and lets the last word win', async () => {
    const { flags, args, argv } = await read('x', '--name', '1', '-e', 'A', '--name=2', '-e', 'B', 'y', 'z');
    expect(flags).toEqual({ level: 'a', name: '2', env: ['A', 'B'], quiet: false, loud: false, json: false });
    expect(args).toEqual({ first: 'x', rest: ['y', 'z'] });
    expect(argv).toEqual(['x', 'y', 'z']);
  });

  it.each<[string[], string]>([
    [[], 'MISSING_ARGUMENT'],
    [['x', '--name'], 'MISSING_ARGUMENT'],
    [['x', '--nam', '1'], 'UNKNOWN_FLAG'],
    [['x', '--level', 'c'], 'INVALID_VALUE'],
    [['x', '--quiet=x'], 'INVALID_VALUE'],
    [['x', '--quiet', '--loud'], 'USAGE'],
    [['x', '--need', '1'], 'USAGE'],
  ])('%j is %s', async (argv, code) => {
    await expect(read(...argv)).rejects.toMatchObject({ name: 'SecureError', code });
  });

  it('names the flag that was probably meant', async () => {
    await expect(read('x', '--lveel', 'a')).rejects.toMatchObject({ hint: expect.stringContaining('--level') });
  });

  it('refuses operands that no argument takes, unless they belong to the container', async () => {
    const none = { ...SPEC, args: {} };
    await expect(readArguments(['x'], none)).rejects.toMatchObject({ code: 'USAGE' });
    await expect(readArguments(['x'], { ...none, verbatim: true })).resolves.toMatchObject({ argv: ['x'] });
  });

  it('asks for help before the rest is looked at, but not on behalf of the container', async () => {
    await expect(read('--help')).rejects.toBeInstanceOf(HelpRequested);
    await expect(read('-h')).rejects.toBeInstanceOf(HelpRequested);
    const { argv } = await readArguments(['img', '--help'], { ...SPEC, args: {}, verbatim: true });
    expect(argv).toEqual(['img', '--help']);
  });

  it('never prints control characters of an argument', async () => {
    const error = await read('x', '--level', '\u001b[2Jboom').catch((thrown: Error) => thrown);
    expect((error as Error).message).not.toContain('\u001b');
  });
});

describe('wantsJson', () => {
  const verbatim = { flags: { ...RUN_FLAGS, json: Flags.boolean({}) }, verbatim: true };
  it.each<[string[], boolean]>([
    [['--json', 'img'], true],
    [['img', '--json'], false],
    [['--', '--json'], false],
    [['--name', '--json', 'img'], false],
    [['--bad', '--json', 'img'], true],
    [['--json=false', 'img'], false],
  ])('%j: %s', (argv, expected) => expect(wantsJson(argv, verbatim)).toBe(expected));
});
