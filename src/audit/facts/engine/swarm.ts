// SPDX-License-Identifier: Apache-2.0
// What a node of a swarm says of it.
import { X509Certificate } from 'node:crypto';
import { secretIn } from '../../secrets.ts';
import { list, number, object, text, texts } from '../container/json.ts';
import { Tree } from '../host/tree.ts';
import type { EngineClient } from './client.ts';
import type { SwarmFacts, SwarmService } from './types.ts';

const NANOSECONDS_PER_HOUR = 3.6e12;

function service(answer: unknown): SwarmService {
  const { Name, TaskTemplate } = object(object(answer).Spec);
  const { Env, Secrets } = object(object(TaskTemplate).ContainerSpec);
  const exposed = texts(Env).flatMap((one) => {
    const [name, value] = [one.split('=', 1)[0] ?? '', one.slice(one.indexOf('=') + 1)];
    const why = one.includes('=') ? secretIn(name, value) : undefined;
    return why === undefined ? [] : [{ name, why }];
  });
  return { name: text(Name), exposed, secrets: list(Secrets).length };
}

function since(certificate: string): string | null {
  try {
    return new Date(new X509Certificate(certificate).validFrom).toISOString();
  } catch {
    return null;
  }
}

/** The daemon does not tell its addresses; they stand in its state, which root may read. Where that lies is its word: only a file is opened. */
function addresses(root: string): SwarmFacts['addresses'] {
  const tree = new Tree('/');
  try {
    const state = object(JSON.parse(tree.text(`${root}/swarm/docker-state.json`) ?? ''));
    if (text(state.ListenAddr) === '') return null;
    return { listen: text(state.ListenAddr), advertise: text(state.AdvertiseAddr), data: text(state.DataPathAddr) };
  } catch {
    return null;
  } finally {
    tree.close();
  }
}

/**
 * @param info what /info answered
 * @param files its state may be read where it says that it lies: it is root's
 * @throws EngineProblem
 */
export async function swarmFacts(client: EngineClient, info: unknown, files: boolean): Promise<SwarmFacts> {
  const { Swarm, DockerRootDir } = object(info);
  const swarm = object(Swarm);
  const state = text(swarm.LocalNodeState);
  // A locked manager is one that waits for its key after a start.
  if (state === '' || state === 'inactive') return { active: false, manager: null, addresses: null };
  const where = files ? addresses(text(DockerRootDir)) : null;
  if (swarm.ControlAvailable !== true) return { active: true, manager: null, addresses: where };
  const [whole, services] = await Promise.all([client.get('/swarm'), client.get('/services')]);
  const spec = object(object(whole).Spec);
  const authority = text(object(object(whole).TLSInfo).TrustRoot);
  return {
    active: true,
    manager: {
      managers: number(swarm.Managers) ?? 0,
      nodes: number(swarm.Nodes) ?? 0,
      autoLock: object(spec.EncryptionConfig).AutoLockManagers === true,
      certificateHours: (number(object(spec.CAConfig).NodeCertExpiry) ?? 0) / NANOSECONDS_PER_HOUR,
      authoritySince: since(authority),
      services: list(services).map(service),
    },
    addresses: where,
  };
}
