// SPDX-License-Identifier: Apache-2.0

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Do something that has to clean up when the user wants it to end: a signal aborts it, and once it has ended the process dies
 * by that signal, as whoever sent it expects.
 */
export async function interruptible<T>(action: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  let received: NodeJS.Signals | undefined;
  const abort = (signal: NodeJS.Signals) => {
    received ??= signal;
    controller.abort();
  };
  for (const signal of SIGNALS) process.on(signal, abort);
  try {
    return await action(controller.signal);
  } finally {
    for (const signal of SIGNALS) process.off(signal, abort);
    if (received !== undefined) process.kill(process.pid, received);
  }
}
