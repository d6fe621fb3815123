// SPDX-License-Identifier: Apache-2.0
import type { Command, DockerfileFacts, Instruction } from '../../../facts/dockerfile.ts';
import { credentialIn, secretIn } from '../../../secrets.ts';
import type { Problem, Region, Verdict } from '../../../types.ts';

/** What is shown and compared of an instruction; a long one is cut. */
const SHOWN = 160;
/** A file of a megabyte can have a hundred thousand; nobody reads them. */
const PROBLEM_LIMIT = 1000;

export const shown = (text: string): string => (text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);

/** One problem in a Dockerfile. The key names what is wrong without saying in which line. */
export function problem(facts: DockerfileFacts, region: Region, key: string, message: string): Problem {
  return { message, key: shown(key), location: { logical: facts.name, region } };
}

/** The same twice is two problems; they are told apart by their number. */
export function verdict(problems: readonly Problem[]): Verdict {
  if (problems.length === 0) return { status: 'pass' };
  const counts = new Map<string, number>();
  const distinct = problems.slice(0, PROBLEM_LIMIT).map((one) => {
    const count = (counts.get(one.key) ?? 0) + 1;
    counts.set(one.key, count);
    return count === 1 ? one : { ...one, key: `${one.key} #${count}` };
  });
  return { status: 'fail', problems: distinct };
}

/** Every instruction of every stage: what is built can do harm, whether its result is kept or not. */
export const allInstructions = ({ globals, stages }: DockerfileFacts): Instruction[] => [
  ...globals,
  ...stages.flatMap(({ instructions }) => instructions),
];

/** Those whose effect is in the image: of the last stage and the stages it stands on. Triggers act in another build. */
export const finalInstructions = ({ final }: DockerfileFacts): Instruction[] =>
  final.flatMap(({ instructions }) => instructions).filter(({ onbuild }) => !onbuild);

/** Commands of every RUN. */
export function builds(facts: DockerfileFacts): { instruction: Instruction; command: Command }[] {
  return allInstructions(facts)
    .filter(({ keyword }) => keyword === 'RUN')
    .flatMap((instruction) => instruction.commands.map((command) => ({ instruction, command })));
}

/** Options whose word is a password, or ends in one. */
const PASSWORD = /^--?(?:u|user|proxy-user|pass|passwd|password|http-password|ftp-password|token)$/;

/** A word of a command, or asterisks where it is a secret. */
function word(name: string, value: string, before: string): string {
  const equals = value.indexOf('=');
  const assigned =
    equals > 0 && secretIn(value.slice(0, equals).replace(/^-+/, ''), value.slice(equals + 1)) !== undefined;
  if (assigned) return `${value.slice(0, equals)}=***`;
  const isAccount = name === 'useradd' || name === 'usermod';
  const isSecret = credentialIn(value) !== undefined || PASSWORD.test(before) || (isAccount && before === '-p');
  return isSecret && !value.startsWith('$') ? '***' : value;
}

/** A command as text, for messages and keys, which are published: without what looks like a secret. */
export const commandText = ({ name, program, args }: Command): string => {
  const words = args.slice(0, SHOWN).map(({ value }, i) => word(name, value, args[i - 1]?.value ?? ''));
  return shown([program, ...words].join(' ').replace(/\s+/g, ' '));
};

/** A problem for each command of a RUN that `why` says something about. */
export function commandProblems(facts: DockerfileFacts, why: (command: Command) => string | undefined): Verdict {
  return verdict(
    builds(facts).flatMap(({ command }) => {
      const reason = why(command);
      return reason === undefined ? [] : [problem(facts, command.region, commandText(command), reason)];
    }),
  );
}
