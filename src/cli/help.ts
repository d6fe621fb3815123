// SPDX-License-Identifier: Apache-2.0
// Help texts, by oclif's renderer. The one place that loads oclif.
import type { Interfaces, Command as OclifCommand } from '@oclif/core';
import { CommandHelp } from '@oclif/core/help';
import { allFlags } from './command.ts';
import { COMMANDS, TOPICS } from './commands.ts';
import { colourful } from './output.ts';

/** Examples first: they answer most questions. */
class ExamplesFirst extends CommandHelp {
  protected override sections(): ReturnType<CommandHelp['sections']> {
    const sections = super.sections();
    const examples = sections.filter((section) => section.header === 'EXAMPLES');
    return [...examples, ...sections.filter((section) => section.header !== 'EXAMPLES')];
  }
}

function list(entries: readonly (readonly [string, string])[]): string {
  const width = Math.max(...entries.map(([name]) => name.length));
  return entries.map(([name, summary]) => `  ${name.padEnd(width)}  ${summary}`).join('\n');
}

function overview(topic: string): string {
  const prefix = topic === '' ? '' : `${topic}:`;
  const ids = Object.keys(COMMANDS).filter((id) => id.startsWith(prefix) && !id.slice(prefix.length).includes(':'));
  const usage = `USAGE\n  $ secure ${topic === '' ? '' : `${topic} `}COMMAND [FLAGS]\n`;
  const commands = list(ids.map((id) => [id.slice(prefix.length), COMMANDS[id]?.summary ?? '']));
  const head = topic === '' ? 'Run containers with hardening on by default.' : (TOPICS[topic] ?? '');
  const topics = topic === '' ? `\nTOPICS\n${list(Object.entries(TOPICS))}\n` : '';
  const more = `\nRun 'secure ${topic === '' ? '' : `${topic} `}COMMAND --help' for the flags of a command.\n`;
  return `${head}\n\n${usage}${topics}\nCOMMANDS\n${commands}\n${more}`;
}

/** Help for a command id, a topic or, with '', for the whole product. */
export async function helpText(subject: string): Promise<string> {
  const entry = COMMANDS[subject];
  if (entry === undefined) return overview(subject);
  const command = (await entry.load()).default;
  const words = subject.replaceAll(':', ' ');
  const named = Object.fromEntries(Object.entries(allFlags(command)).map(([name, flag]) => [name, { ...flag, name }]));
  const args = Object.fromEntries(Object.entries(command.args).map(([name, arg]) => [name, { ...arg, name }]));
  const loadable = {
    aliases: [],
    hiddenAliases: [],
    hidden: false,
    id: words,
    description: command.description,
    examples: command.examples,
    usage: command.usage,
    flags: named,
    args,
    load: () => Promise.reject(new Error('a help entry is not run')),
  } as unknown as OclifCommand.Loadable;
  const config = { bin: 'secure', topicSeparator: ' ' } as Interfaces.Config;
  const options = { stripAnsi: !colourful(1), maxWidth: 100 } as Interfaces.HelpOptions;
  return `${command.summary}\n\n${new ExamplesFirst(loadable, config, options).generate()}\n`;
}
