// SPDX-License-Identifier: Apache-2.0
// From argv to a command: the longest known id wins, and what is not known is answered with the nearest that is.
import { ExitCode, SecureError } from '../errors.ts';
import { suggest } from '../suggest.ts';
import { PRODUCT_VERSION } from '../version.ts';
import { allFlags, type CommandClass } from './command.ts';
import { COMMANDS, TOPICS } from './commands.ts';
import { printFailure } from './failure.ts';
import { PipeClosed, print } from './output.ts';
import { HelpRequested, quote, readArguments, wantsJson } from './read.ts';

export type Target =
  | { readonly kind: 'version' }
  | { readonly kind: 'help'; readonly subject: string }
  | { readonly kind: 'command'; readonly id: string; readonly argv: readonly string[] };

const has = (table: object, key: string): boolean => Object.hasOwn(table, key);

function unknown(typed: string, candidates: string[], prefix = ''): SecureError {
  const near = suggest(typed, candidates);
  const all = prefix === '' ? 'secure --help' : `secure ${prefix} --help`;
  return new SecureError('USAGE', `unknown command ${quote(prefix === '' ? typed : `${prefix} ${typed}`)}`, {
    hint: near === undefined ? `see '${all}'` : `did you mean 'secure ${prefix === '' ? '' : `${prefix} `}${near}'?`,
  });
}

const isHelp = (word: string | undefined): boolean => word === '--help' || word === '-h';

/** What argv asks for. @throws SecureError USAGE with the nearest command. */
export function resolve(argv: readonly string[]): Target {
  const [first, second] = argv;
  if (first === undefined || isHelp(first)) return { kind: 'help', subject: '' };
  if (first === '--version' || first === '-v' || first === 'version') return { kind: 'version' };
  if (first === 'help') {
    const subject = argv.slice(1).join(':');
    if (subject === '' || has(COMMANDS, subject) || has(TOPICS, subject)) return { kind: 'help', subject };
    throw unknown(
      argv.slice(1).join(' '),
      Object.keys(COMMANDS).map((id) => id.replaceAll(':', ' ')),
    );
  }
  if (first.startsWith('-')) {
    throw new SecureError('UNKNOWN_FLAG', `unknown flag ${quote(first)}`, {
      hint: "flags come after the command; see 'secure --help'",
    });
  }
  if (has(COMMANDS, first)) return { kind: 'command', id: first, argv: argv.slice(1) };
  if (has(TOPICS, first)) {
    if (second === undefined || isHelp(second)) return { kind: 'help', subject: first };
    const id = `${first}:${second}`;
    if (has(COMMANDS, id)) return { kind: 'command', id, argv: argv.slice(2) };
    const inTopic = Object.keys(COMMANDS)
      .filter((key) => key.startsWith(`${first}:`))
      .map((key) => key.slice(first.length + 1));
    throw unknown(second, inTopic, first);
  }
  throw unknown(first, [...Object.keys(COMMANDS).filter((id) => !id.includes(':')), ...Object.keys(TOPICS)]);
}

/** Starts the command again where it may open the store. What is wrong with its arguments is said before. */
async function enter(command: CommandClass, argv: readonly string[]): Promise<void> {
  const spec = { flags: allFlags(command), args: command.args, verbatim: command.verbatim };
  await readArguments(argv, { ...spec, invocation: `secure ${command.id.replaceAll(':', ' ')}` });
  const whole = process.argv.slice(2);
  const { checkArgvEncoding } = await import('./argv-utf8.ts');
  checkArgvEncoding(whole);
  const { enterNamespace } = await import('../runtime/rootless/enter.ts');
  enterNamespace(whole, wantsJson(argv, spec));
}

async function runCommand(id: string, argv: readonly string[]): Promise<number> {
  const entry = COMMANDS[id];
  if (entry === undefined) throw new Error(`no command ${id}`);
  let command: CommandClass | undefined;
  try {
    command = (await entry.load()).default;
    if (command.store && process.geteuid?.() !== 0) await enter(command, argv);
    return (await new command(argv).run()) ?? ExitCode.ok;
  } catch (thrown) {
    if (thrown instanceof PipeClosed) return ExitCode.ok;
    if (thrown instanceof HelpRequested) return await help(id);
    const json = command !== undefined && wantsJson(argv, { flags: allFlags(command), verbatim: command.verbatim });
    const error = printFailure(thrown, json);
    return command?.failureCode ?? error.exitCode;
  }
}

async function help(subject: string): Promise<number> {
  const { helpText } = await import('./help.ts');
  print(await helpText(subject));
  return ExitCode.ok;
}

/** Run the command line and return the exit code; everything that is thrown was printed. */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    const target = resolve(argv);
    if (target.kind === 'version') {
      print(`secure ${PRODUCT_VERSION}\n`);
      return ExitCode.ok;
    }
    return target.kind === 'help' ? await help(target.subject) : await runCommand(target.id, target.argv);
  } catch (thrown) {
    if (thrown instanceof PipeClosed) return ExitCode.ok;
    return printFailure(thrown, argv.includes('--json')).exitCode;
  }
}
