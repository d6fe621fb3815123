// SPDX-License-Identifier: Apache-2.0
// One guest from power on to power off, or to the moment when it is clear that it will not come.
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { COMMAND_LINES, type Form } from './forms.ts';

/** A guest that hangs early says nothing; one that hangs late says nothing any more. */
const SILENCE_MS = 120_000;
const TOTAL_MS = 400_000;

export interface Session {
  /** What came on the second serial port. */
  readonly stream: string;
  /** Kernel messages and whatever init printed. */
  readonly console: string;
  /** Why it was ended from outside. */
  readonly trouble?: string;
  readonly seconds: number;
}

/** Boot `form` from a copy of `disk` that vanishes with it. `log`: where its console goes. */
export function boot(kernel: string, disk: string, form: Form, log: string): Promise<Session> {
  // no_timer_check: on a busy machine the emulated timer comes too late for the kernel's patience, which is a panic.
  const line = `root=/dev/nvme0n1 rw init=/lab/guest/init console=ttyS0 earlyprintk=ttyS0 quiet loglevel=5 panic=-1 no_timer_check lab.form=${form}`;
  const args = [
    [
      '-accel',
      'tcg,thread=multi',
      '-machine',
      'pc,hpet=off',
      '-cpu',
      'max',
      '-smp',
      '2',
      '-m',
      '768',
      '-nodefaults',
      '-no-user-config',
    ],
    ['-display', 'none', '-no-reboot', '-serial', `file:${log}`, '-serial', 'stdio', '-monitor', 'none'],
    ['-drive', `file=${disk},format=raw,if=none,id=root,snapshot=on`, '-device', 'nvme,drive=root,serial=lab'],
    ['-kernel', kernel, '-append', `${line} ${COMMAND_LINES[form]}`],
  ].flat();
  rmSync(log, { force: true });
  closeSync(openSync(log, 'w'));
  const start = performance.now();
  return new Promise((resolve) => {
    const child = spawn('qemu-system-x86_64', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let stream = '';
    let errors = '';
    let trouble: string | undefined;
    const stop = (why: string) => () => {
      trouble ??= why;
      child.kill('SIGKILL');
    };
    const total = setTimeout(stop(`it took longer than ${TOTAL_MS / 1000} s`), TOTAL_MS);
    let silence = setTimeout(stop(`it said nothing for ${SILENCE_MS / 1000} s`), SILENCE_MS);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stream += text;
      clearTimeout(silence);
      silence = setTimeout(stop(`it said nothing for ${SILENCE_MS / 1000} s`), SILENCE_MS);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors = (errors + text).slice(-4096);
    });
    child.on('error', (error) => {
      trouble ??= error.message;
    });
    child.on('close', (code) => {
      clearTimeout(total);
      clearTimeout(silence);
      if (code !== 0) trouble ??= `qemu ended with ${code ?? 'a signal'}: ${errors.trim()}`;
      const seconds = (performance.now() - start) / 1000;
      const console = readFileSync(log, 'utf8');
      resolve({ stream, console, seconds, ...(trouble === undefined ? {} : { trouble }) });
    });
  });
}
