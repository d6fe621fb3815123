// SPDX-License-Identifier: Apache-2.0
// The command line as a user has it, in a state root of the demonstration's own.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';

const program = join(import.meta.dirname, '../../bin/secure');

export class Secure {
  readonly #env: NodeJS.ProcessEnv;
  #child: ChildProcess | undefined;

  constructor(state: string, run: string) {
    this.#env = { ...process.env, SECURE_STATE_ROOT: state, SECURE_RUN_ROOT: run };
  }

  /** What it printed. @throws Error with its own message when it fails */
  async output(args: readonly string[], stdin?: string): Promise<string> {
    const input = stdin === undefined ? ('ignore' as const) : openSync(stdin, 'r');
    try {
      const { code, stdout, stderr } = await this.#spawn(args, input);
      if (code !== 0) throw new Error(`secure ${args.join(' ')}: exit code ${code}\n${stderr}`);
      return stdout;
    } finally {
      if (input !== 'ignore') closeSync(input);
    }
  }

  async json<T>(args: readonly string[]): Promise<T> {
    return JSON.parse(await this.output([...args, '--json'])) as T;
  }

  /** As a user would type it: the command is shown, and what it prints. */
  async show(...args: readonly string[]): Promise<string> {
    console.log(`\n$ secure ${args.join(' ')}`);
    const text = await this.output(args);
    process.stdout.write(text);
    return text;
  }

  /** End what is running now, so that cleaning up does not wait for it. */
  interrupt(): void {
    this.#child?.kill('SIGTERM');
  }

  #spawn(args: readonly string[], input: number | 'ignore'): Promise<{ code: number; stdout: string; stderr: string }> {
    return new Promise((resolve, reject) => {
      const child = spawn(program, args, { env: this.#env, stdio: [input, 'pipe', 'pipe'] });
      this.#child = child;
      let [stdout, stderr] = ['', ''];
      child.stdout?.setEncoding('utf8').on('data', (text: string) => {
        stdout += text;
      });
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        stderr += text;
      });
      child.on('error', reject);
      child.on('close', (code) => {
        this.#child = undefined;
        resolve({ code: code ?? 128, stdout, stderr });
      });
    });
  }
}
