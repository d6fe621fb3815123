// SPDX-License-Identifier: Apache-2.0
// The other ends of the demonstration's connections.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const TRIES = 50;

/** Try until it works: a server needs a moment to start. @throws the last error */
async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (tries === TRIES) throw error;
      await sleep(100);
    }
  }
}

async function tcp(address: string, port: number): Promise<void> {
  const socket = connect({ host: address, port, timeout: 2000 });
  socket.on('timeout', () => socket.destroy(new Error(`no answer from ${address}:${port}`)));
  try {
    await once(socket, 'data');
  } finally {
    socket.destroy();
  }
}

async function udp(address: string, port: number): Promise<void> {
  const socket = createSocket('udp4');
  try {
    socket.connect(port, address);
    await once(socket, 'connect');
    socket.send('ping\n');
    await once(socket, 'message', { signal: AbortSignal.timeout(1000) });
  } finally {
    socket.close();
  }
}

/** Until both answer. */
export async function listen(address: string, port: number): Promise<void> {
  await eventually(() => tcp(address, port));
  await eventually(() => udp(address, port));
}

/** Status and title of a page. */
export async function greeting(url: string): Promise<string> {
  return eventually(async () => {
    const response = await fetch(url, { signal: AbortSignal.timeout(5000) });
    const title = /<title>(.*?)<\/title>/s.exec(await response.text())?.[1] ?? 'no title';
    if (!response.ok) throw new Error(`${url}: HTTP ${response.status}`);
    return `HTTP ${response.status}, "${title}"`;
  });
}
