// SPDX-License-Identifier: Apache-2.0
// What the runtime says about containers, fetched for the auditor, which knows nothing of the runtime.

import { containerSubject } from '../../audit/facts/container/subject.ts';
import { type ContainerInput, collectContainer } from '../../audit/facts/container.ts';
import { auditContainer } from '../../audit/run.ts';
import type { Audited } from '../../audit/types.ts';
import { SecureError } from '../../errors.ts';
import type { Subject } from '../../policies/rules/evaluate.ts';
import {
  type Container,
  type Enforced,
  findContainer,
  listContainers,
  readConfig,
  readEnforced,
} from '../../runtime/containers/containers.ts';

/** Between two runs there is nothing to look at. */
const hasProcess = ({ status }: Container): boolean => status === 'running' || status === 'stopping';

/** What the kernel says; undefined when it ended in the meantime. */
async function enforcedOf(container: Container): Promise<Enforced | undefined> {
  if (!hasProcess(container)) return undefined;
  try {
    return await readEnforced(container.id);
  } catch (error) {
    if (error instanceof SecureError && ['CONTAINER_NOT_RUNNING', 'NO_SUCH_CONTAINER'].includes(error.code))
      return undefined;
    throw error;
  }
}

/** Plan and proof of a container. @throws SecureError CONFIG_CORRUPT */
async function inputOf(container: Container): Promise<ContainerInput> {
  const plan = await readConfig(container);
  if (plan === undefined) {
    throw new SecureError(
      'CONFIG_CORRUPT',
      `container ${container.name || container.id} has no plan that can be read`,
      {
        hint: "'secure rm --force' removes it; an audit of one that nothing is known of would be a guess",
      },
    );
  }
  return { state: container, plan, enforced: await enforcedOf(container) };
}

const auditOne = async (container: Container): Promise<Audited> =>
  auditContainer(container.name || container.id, await inputOf(container));

/** A container as rules see it. @throws SecureError NO_SUCH_CONTAINER, AMBIGUOUS_ID, CONFIG_CORRUPT */
export async function containerNamed(name: string): Promise<Subject> {
  const subject = containerSubject(collectContainer(await inputOf(await findContainer(name))));
  if (subject !== undefined) return subject;
  throw new SecureError('CONFIG_CORRUPT', `container ${name} has no plan that can be read`);
}

/** By names or ids. @throws SecureError NO_SUCH_CONTAINER, AMBIGUOUS_ID, CONFIG_CORRUPT */
export async function auditContainers(names: readonly string[]): Promise<Audited[]> {
  const found = await Promise.all(names.map((name) => findContainer(name)));
  const once = found.filter(({ id }, i) => found.findIndex((other) => other.id === id) === i);
  return Promise.all(once.map(auditOne));
}

/** Those that run now; one that is removed meanwhile is left out. */
export async function auditRunning(): Promise<Audited[]> {
  const running = (await listContainers()).filter(hasProcess);
  const audited = await Promise.all(
    running.map(async (container) => {
      try {
        return await auditOne(container);
      } catch (error) {
        const gone = (await listContainers()).every(({ id }) => id !== container.id);
        if (gone) return undefined;
        throw error;
      }
    }),
  );
  return audited.filter((each) => each !== undefined);
}
