// SPDX-License-Identifier: Apache-2.0
// What a RUN asks for, before anything is made ready for it.
import type { StageConfig } from './image-config.ts';
import { commandOf, type Instructed } from './metadata.ts';
import { invalid } from './problems.ts';
import { parseMount, type RunMount } from './run-mounts.ts';
import { PROXIES } from './scope.ts';
import type { BuildRequest } from './types.ts';

interface Command {
  readonly args: readonly string[];
  /** A here-document with an interpreter of its own, which is executed itself. */
  readonly script: { readonly name: string; readonly text: string } | undefined;
}

export interface RunInstruction extends Command {
  readonly mounts: readonly RunMount[];
  /** Undefined: what the policy gives. */
  readonly network: 'none' | undefined;
  /** `K=V` of ARG, which the result depends on. */
  readonly given: readonly string[];
  /** `K=V` of proxies, which it does not. */
  readonly proxies: readonly string[];
}

function command(step: Instructed, config: StageConfig): Command {
  const { instruction } = step;
  const { heredocs } = instruction;
  const { shell } = config;
  const [first] = heredocs;
  const text = instruction.words[0]?.raw ?? '';
  if (first === undefined) {
    const args = commandOf(instruction, config);
    if (args.length === 0 || args[0] === '' || (!instruction.json && text === ''))
      throw invalid(step, 'it has no command');
    return { args, script: undefined };
  }
  if (heredocs.length === 1 && /^\d*<<-?\S+$/.test(text)) {
    if (!first.content.startsWith('#!')) return { args: [...shell, first.content], script: undefined };
    if (!/^[\w.-]+$/.test(first.name))
      throw invalid(step, 'the name of the script has characters that no file name needs');
    return { args: [`/dev/pipes/${first.name}`], script: { name: first.name, text: first.content } };
  }
  const documents = heredocs.map(({ name, content }) => `\n${content}${name}`).join('');
  return { args: [...shell, `${text}${documents}`], script: undefined };
}

function network(step: Instructed, request: BuildRequest): 'none' | undefined {
  const flag = step.instruction.flags.find(({ name }) => name === 'network')?.value;
  const text = flag === undefined ? 'default' : step.expand(flag);
  if (text === 'none' || request.network === 'none') return 'none';
  if (text === 'default') return undefined;
  throw invalid(step, `--network=${text}: a step gets no network of the host`, 'use default or none');
}

/** @param args of ARG, those that have a value @throws SecureError BUILD_FAILED */
export function readRun(
  step: Instructed,
  config: StageConfig,
  args: ReadonlyMap<string, string>,
  request: BuildRequest,
): RunInstruction {
  const { environment } = config;
  const entries = (names: Iterable<string>, value: (name: string) => string | undefined) =>
    [...names].flatMap((name) => {
      const text = environment.has(name) ? undefined : value(name);
      return text === undefined ? [] : [`${name}=${text}`];
    });
  const isProxy = (name: string) => PROXIES.includes(name);
  return {
    ...command(step, config),
    mounts: step.instruction.flags
      .filter(({ name }) => name === 'mount')
      .map(({ value }) => parseMount(value, config.fields.WorkingDir || '/', step.expand)),
    network: network(step, request),
    given: entries(
      [...args.keys()].filter((name) => !isProxy(name)),
      (name) => args.get(name),
    ),
    // Declared or not.
    proxies: entries(PROXIES, (name) => args.get(name) ?? request.args.get(name)),
  };
}
