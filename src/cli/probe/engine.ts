// SPDX-License-Identifier: Apache-2.0
// The probe in a container of docker or podman: placed, executed over the engine's API as its user, and removed.
import { object, text } from '../../audit/facts/container/json.ts';
import { readProcess } from '../../audit/facts/container/process.ts';
import { EngineClient, EngineProblem } from '../../audit/facts/engine/client.ts';
import { MAX_BYTES } from '../../audit/facts/probe/read.ts';
import { SecureError } from '../../errors.ts';
import { findEngines, type SocketEngine } from '../audit/engines.ts';
import { quote } from '../read.ts';
import { endedWith, unanswered } from './own.ts';
import { type Placed, placeByEngine, placeByProcess } from './placed.ts';

interface Wanted {
  readonly client: EngineClient;
  readonly socket: string;
  readonly id: string;
  readonly pid: number;
  /** For people. */
  readonly name: string;
}

async function inspect(client: EngineClient, socket: string, container: string, engine: SocketEngine): Promise<Wanted> {
  // Part of a path of the API.
  if (!/^[A-Za-z0-9][\w.-]*$/.test(container)) throw new EngineProblem('that is no name of a container', true);
  const found = object(await client.get(`/containers/${encodeURIComponent(container)}/json`));
  const state = object(found.State);
  const id = text(found.Id);
  if (!/^[0-9a-f]{12,64}$/.test(id))
    throw new EngineProblem('what it says of the container is not what docker or podman say');
  if (state.Running !== true || state.Paused === true) {
    throw new SecureError('CONTAINER_NOT_RUNNING', `container ${quote(container)} does not run`, {
      hint: `start it: '${engine} start' or '${engine} unpause'`,
    });
  }
  const pid = typeof state.Pid === 'number' ? state.Pid : 0;
  return { client, socket, id, pid, name: `${engine}/${text(found.Name).replace(/^\//, '') || id.slice(0, 12)}` };
}

/** Where this is root and sees the container's process, that is gentler. */
async function place({ client, socket, id, pid, name }: Wanted): Promise<Placed> {
  if (process.geteuid?.() === 0 && readProcess(pid, id) !== null) {
    const placed = await placeByProcess(pid);
    if (placed !== undefined) {
      if (readProcess(pid, id) !== null) return placed;
      await placed.remove();
      throw unanswered(name, 'has no container around it any more');
    }
  }
  return placeByEngine(client, socket, id);
}

/** Frames of a stream without a terminal: one byte which, three of nothing, four of length. @throws EngineProblem */
export function standardOutput(stream: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < stream.length; ) {
    const length = at + 8 <= stream.length ? stream.readUInt32BE(at + 4) : -1;
    const which = stream[at];
    if (length < 0 || which === undefined || which > 3 || at + 8 + length > stream.length)
      throw new EngineProblem('its stream of the output is cut off, or is none');
    if (which === 1) parts.push(stream.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  return Buffer.concat(parts);
}

/** A probe that was kept from ending ends; an engine has no word for that. */
async function end({ socket, id }: Wanted, session: string): Promise<void> {
  const client = new EngineClient(socket);
  try {
    const { Pid: pid, Running: running } = object(await client.get(`/exec/${session}/json`));
    // As this machine has it, if it is one of that container.
    if (running === true && typeof pid === 'number' && readProcess(pid, id) !== null) process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended, or the engine does not say.
  } finally {
    client.close();
  }
}

async function execute(wanted: Wanted, { path, unlinks }: Placed): Promise<string> {
  const { client, id, name } = wanted;
  const Cmd = unlinks ? [path, '--unlink', path] : [path];
  const made = object(
    await client.post(`/containers/${id}/exec`, { AttachStdout: true, AttachStderr: true, Tty: false, Cmd }),
  );
  const session = text(made.Id);
  if (!/^[0-9a-f]{12,64}$/.test(session)) throw new EngineProblem('it made no session for the probe');
  try {
    const stream = await client.postForBytes(`/exec/${session}/start`, { Detach: false, Tty: false });
    if (stream.length > 2 * MAX_BYTES) throw unanswered(name, `wrote more than ${MAX_BYTES} bytes`);
    const { ExitCode: code } = object(await client.get(`/exec/${session}/json`));
    if (code !== 0) throw unanswered(name, endedWith(typeof code === 'number' ? code : -1));
    return standardOutput(stream).toString('latin1');
  } catch (thrown) {
    await end(wanted, session);
    throw thrown;
  }
}

/** Which engine, and how long it may take. */
export interface EngineOptions {
  readonly engine: SocketEngine;
  readonly socket: string | undefined;
  readonly seconds: number;
}

/** The path of the engine that is meant: without one that is named never that of another user. */
function listening(engine: SocketEngine, named: string | undefined): string {
  const found = findEngines(engine, named).flatMap(({ socket }) => socket ?? []);
  for (const one of found) one.close();
  const own = found.find(({ user }) => named !== undefined || user === null || user.uid === process.geteuid?.());
  if (own !== undefined) return own.path;
  throw new SecureError('AUDIT_UNREADABLE', `${engine} of this user does not listen`, {
    hint: `name the socket of ${found.map(({ path }) => path).join(' or ')}: --socket PATH`,
  });
}

/**
 * @param left told what could not be removed
 * @throws SecureError AUDIT_UNREADABLE, NO_SUCH_CONTAINER, CONTAINER_NOT_RUNNING
 */
export async function probeEngine(
  { engine, socket, seconds }: EngineOptions,
  container: string,
  left: (line: string) => void,
): Promise<{ readonly name: string; readonly text: string }> {
  const listens = listening(engine, socket);
  const client = new EngineClient(listens, seconds * 1000);
  try {
    const wanted = await inspect(client, listens, container, engine);
    const placed = await place(wanted);
    try {
      return { name: wanted.name, text: await execute(wanted, placed) };
    } finally {
      const rest = await placed.remove();
      if (rest !== undefined) left(`${wanted.name}: ${rest}`);
    }
  } catch (thrown) {
    if (!(thrown instanceof EngineProblem)) throw thrown;
    if (thrown.gone)
      throw new SecureError('NO_SUCH_CONTAINER', `${engine} has no container ${quote(container)}`, {
        hint: `'${engine} ps' lists those that run`,
      });
    throw new SecureError(
      'AUDIT_UNREADABLE',
      `${engine} did not run the probe in ${quote(container)}: ${thrown.message}`,
      {
        hint: "mount it instead: '-v $(secure probe --path):/secure-probe:ro', run /secure-probe in it, and give what it prints to 'secure probe -'",
        cause: thrown,
      },
    );
  } finally {
    client.close();
  }
}
