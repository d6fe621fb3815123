// SPDX-License-Identifier: Apache-2.0
// The instructions that change the image's config and no file.
import { posix } from 'node:path';
import { readStrings } from '../images/dockerfile/strings.ts';
import type { Instruction } from '../images/dockerfile/types.ts';
import { type ConfigFields, duration, type StageConfig } from './image-config.ts';
import { invalid } from './problems.ts';

export interface Instructed {
  readonly instruction: Instruction;
  /** A word with its variables replaced. */
  readonly expand: (raw: string) => string;
  /** For messages. */
  readonly file: string;
}

/** Exec form as it stands; shell form by the stage's shell. */
export function commandOf({ json, words }: Instruction, config: StageConfig): string[] {
  if (json) return words.map(({ value }) => value);
  return words[0] === undefined ? [] : [...config.shell, words[0].raw];
}

/** A port or a range of them as the config has it. */
function ports(step: Instructed, text: string): string[] {
  const [, low = '', high = low, protocol = 'tcp'] =
    /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/i.exec(text) ?? [];
  const [from, to] = [Number(low), Number(high)];
  if (low === '' || from < 1 || to > 65535 || from > to) throw invalid(step, `${JSON.stringify(text)} is no port`);
  return Array.from({ length: to - from + 1 }, (_, i) => `${from + i}/${protocol.toLowerCase()}`);
}

type Health = NonNullable<ConfigFields['Healthcheck']>;

function healthcheck(step: Instructed): Health {
  const { instruction } = step;
  let rest = instruction.source.replace(/^\S+\s*/, '');
  while (rest.startsWith('--')) rest = rest.replace(/^\S+\s*/, '');
  const [, kind = '', text = ''] = /^(NONE|CMD)(?:\s+([\s\S]*))?$/i.exec(rest) ?? [];
  if (kind.toUpperCase() === 'NONE') return { Test: ['NONE'] };
  if (kind === '' || text === '') throw invalid(step, 'it takes NONE or CMD and a command');
  const health: Health = { Test: readStrings(text) ?? ['CMD-SHELL', text] };
  if (health.Test[0] !== 'CMD-SHELL') health.Test.unshift('CMD');
  for (const { name, value } of instruction.flags) {
    const key = (
      {
        interval: 'Interval',
        timeout: 'Timeout',
        'start-period': 'StartPeriod',
        'start-interval': 'StartInterval',
      } as const
    )[name];
    if (key !== undefined) {
      const time = duration(step.expand(value));
      if (time === undefined) throw invalid(step, `--${name}: ${JSON.stringify(value)} is no duration such as 30s`);
      health[key] = time;
    } else if (name === 'retries' && /^\d{1,6}$/.test(value)) health.Retries = Number(value);
    else throw invalid(step, `--${name}=${value} is not known`);
  }
  return health;
}

const one = (step: Instructed): string => {
  const [word] = step.instruction.words;
  if (word === undefined) throw invalid(step, 'it has no value');
  return step.expand(word.raw);
};

/** What WORKDIR makes of the directory that counts so far. */
export function workdir(step: Instructed, config: StageConfig): string {
  const path = one(step);
  return posix.normalize(posix.resolve('/', config.fields.WorkingDir ?? '', path));
}

/**
 * Change the config by an instruction of its own kind; false for RUN, COPY, ADD, WORKDIR and ARG.
 * @param own what this stage has set itself
 * @throws SecureError BUILD_FAILED
 */
export function applyMetadata(step: Instructed, config: StageConfig, own: Set<string>): boolean {
  const { instruction, expand } = step;
  const { fields } = config;
  const words = () => instruction.words.map(({ raw }) => (instruction.json ? raw : expand(raw)));
  switch (instruction.keyword) {
    case 'ENV': {
      const values = instruction.settings.map(({ name, raw }) => [name, expand(raw ?? '')] as const);
      if (values.length === 0) throw invalid(step, 'it has no value');
      for (const [name, value] of values) config.setEnvironment(name, value);
      break;
    }
    case 'LABEL':
      fields.Labels = {
        ...fields.Labels,
        ...Object.fromEntries(instruction.settings.map(({ name, raw }) => [expand(name), expand(raw ?? '')])),
      };
      break;
    case 'MAINTAINER':
      config.author = one(step);
      break;
    case 'USER':
      fields.User = one(step);
      break;
    case 'STOPSIGNAL':
      fields.StopSignal = one(step);
      if (!/^[A-Z0-9+-]+$/.test(fields.StopSignal))
        throw invalid(step, `${JSON.stringify(fields.StopSignal)} is no signal`);
      break;
    case 'EXPOSE':
      fields.ExposedPorts = {
        ...fields.ExposedPorts,
        ...Object.fromEntries(
          words()
            .flatMap((word) => ports(step, word))
            .map((port) => [port, {}]),
        ),
      };
      break;
    case 'VOLUME': {
      const paths = words();
      if (paths.length === 0 || paths.includes('')) throw invalid(step, 'it has no path');
      fields.Volumes = { ...fields.Volumes, ...Object.fromEntries(paths.map((path) => [path, {}])) };
      break;
    }
    case 'CMD':
      fields.Cmd = commandOf(instruction, config);
      own.add('CMD');
      break;
    case 'ENTRYPOINT':
      fields.Entrypoint = commandOf(instruction, config);
      // A command of the base image was meant for its own entry point.
      if (!own.has('CMD')) delete fields.Cmd;
      break;
    case 'SHELL':
      if (!instruction.json || instruction.words.length === 0) throw invalid(step, 'it takes a JSON array');
      fields.Shell = instruction.words.map(({ value }) => value);
      break;
    case 'HEALTHCHECK':
      fields.Healthcheck = healthcheck(step);
      break;
    default:
      return false;
  }
  return true;
}
