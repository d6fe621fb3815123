// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { type CallOptions, errorCode, type Result, type Secure } from './secure.ts';

export type Files = Readonly<Record<string, string>>;

/** Builds with an instance; each gives `localhost/out`. */
export class Builds {
  readonly #secure: Secure;

  constructor(secure: Secure) {
    this.#secure = secure;
  }

  /** A directory to build from. */
  context = (dockerfile: string, files: Files = {}): string => {
    const directory = mkdtempSync(join(this.#secure.root, 'context-'));
    for (const [name, text] of Object.entries({ Dockerfile: dockerfile, ...files })) {
      mkdirSync(dirname(join(directory, name)), { recursive: true });
      writeFileSync(join(directory, name), text);
    }
    return directory;
  };

  build = (directory: string, flags: readonly string[] = [], options: CallOptions = {}): Promise<Result> =>
    this.#secure.call(['image', 'build', '-t', 'out', ...flags, directory], options);

  /** One that succeeds. */
  built = async (dockerfile: string, files: Files = {}, ...flags: string[]): Promise<Result> => {
    const result = await this.build(this.context(dockerfile, files), flags);
    expect(result, result.stderr).toMatchObject({ code: 0 });
    return result;
  };

  /** Code and messages of one that fails. */
  refused = async (dockerfile: string, files: Files = {}, ...flags: string[]): Promise<string> => {
    const result = await this.build(this.context(dockerfile, files), flags);
    expect(result.code, result.stderr).not.toBe(0);
    return `${errorCode(result)} ${result.stderr}`;
  };

  /** What a command prints in a container of the image, as root. */
  show = async (...command: string[]): Promise<string> => {
    const [program = '', ...words] = command;
    const user = ['--profile', 'baseline', '--user', '0', '--entrypoint', program];
    const result = await this.#secure.run('run', '--rm', ...user, 'out', ...words);
    expect(result, result.stderr).toMatchObject({ code: 0 });
    return result.stdout;
  };

  config = async (): Promise<Record<string, unknown>> => {
    const { config } = await this.#secure.json('image', 'inspect', 'out');
    return (config as { config: Record<string, unknown> }).config;
  };
}
