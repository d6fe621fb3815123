// SPDX-License-Identifier: Apache-2.0
// What every command extends: oclif's command surface (static flags, args, examples; parse, log, run), with argv
// read by `read.ts` and oclif itself loaded by nothing but help.
import type { Interfaces, Command as OclifCommand } from '@oclif/core';
import { ExitCode } from '../errors.ts';
import { type ArgInput, type FlagInput, Flags } from './definitions.ts';
import { jsonText, print, printable, printError } from './output.ts';
import { readArguments } from './read.ts';

export { Args, Flags } from './definitions.ts';

export interface CommandClass {
  new (argv: readonly string[]): Command;
  readonly id: string;
  readonly flags: FlagInput;
  readonly args: ArgInput;
  readonly enableJsonFlag: boolean;
  readonly verbatim: boolean;
  readonly failureCode: number | undefined;
  readonly store: boolean;
  readonly summary: string;
  readonly description: string | undefined;
  readonly examples: readonly OclifCommand.Example[];
  readonly usage: string | undefined;
}

export const JSON_FLAG = Flags.boolean({ description: 'Print JSON instead of text, errors included.' });

/** All flags of a command, `--json` included. */
export function allFlags(command: Pick<CommandClass, 'flags' | 'enableJsonFlag'>): FlagInput {
  return command.enableJsonFlag ? { ...command.flags, json: JSON_FLAG } : command.flags;
}

export abstract class Command {
  static id = '';
  static flags: FlagInput = {};
  static args: ArgInput = {};
  /** Accept `--json`. */
  static enableJsonFlag = true;
  /** Everything after the first operand belongs to the container. */
  static verbatim = false;
  /** Exit code of every failure of ours, for commands whose own exit code is the container's. */
  static failureCode: number | undefined = undefined;
  /** Works on images: without root in a namespace of the user's own. */
  static store = false;
  static summary = '';
  static description: string | undefined = undefined;
  static examples: readonly OclifCommand.Example[] = [];
  static usage: string | undefined = undefined;

  protected readonly argv: readonly string[];
  #json = false;

  constructor(argv: readonly string[]) {
    this.argv = argv;
  }

  /** Do it. Returns the exit code, undefined is success. */
  abstract run(): Promise<number | undefined>;

  /** Flags and arguments as the class declares them; `argv` holds every operand. */
  protected async parse<
    F extends Interfaces.OutputFlags<FlagInput>,
    A extends Interfaces.OutputArgs<ArgInput>,
  >(command: {
    readonly id: string;
    readonly verbatim: boolean;
    readonly enableJsonFlag: boolean;
    readonly flags: Interfaces.FlagInput<F>;
    readonly args: Interfaces.ArgInput<A>;
  }): Promise<{ flags: F & { json?: boolean }; args: A; argv: readonly string[] }> {
    const spec = {
      flags: allFlags(command),
      args: command.args,
      verbatim: command.verbatim,
      invocation: `secure ${command.id.replaceAll(':', ' ')}`,
    };
    const { flags, args, argv } = await readArguments(this.argv, spec);
    this.#json = flags.json === true;
    return { flags: flags as F & { json?: boolean }, args: args as A, argv };
  }

  protected jsonEnabled(): boolean {
    return this.#json;
  }

  /** A line of the result, on stdout. */
  protected log(line = ''): void {
    print(`${line}\n`);
  }

  /** A line about the work, on stderr. */
  protected note(line: string): void {
    printError(`${line}\n`);
  }

  /** Something that the user ought to know, on stderr, whatever was asked to be left out. */
  protected warn(line: string): void {
    printError(`warning: ${printable(line)}\n`);
  }

  /** A document with its schema version, on stdout. */
  protected logJson(document: Record<string, unknown>): void {
    print(jsonText({ schemaVersion: 1, ...document }, 2));
  }

  /** The exit code of a command that worked on several things. */
  protected exitCode(failed: number): number {
    return failed === 0 ? ExitCode.ok : ExitCode.findings;
  }
}
