// SPDX-License-Identifier: Apache-2.0

/**
 * Do something with each item, in their order and at most `limit` at a time. After the first failure no other is begun; `end` is called, so that what
 * is under way can be ended too, and the failure is thrown once nothing is running any more.
 */
export async function someAtATime<T>(
  items: readonly T[],
  limit: number,
  action: (item: T) => Promise<void>,
  end: () => void,
): Promise<void> {
  const queue = [...items];
  const failures: unknown[] = [];
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined && failures.length === 0; item = queue.shift()) {
      try {
        await action(item);
      } catch (error) {
        failures.push(error);
        end();
      }
    }
  };
  await Promise.all(Array.from({ length: limit }, worker));
  if (failures.length > 0) throw failures[0];
}

/** Whoever calls it does so when all who came before are done. */
export function serial(): <T>(action: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (action) => {
    const next = last.then(action);
    last = next.catch(() => {});
    return next;
  };
}

/** Whoever calls it does so when fewer than `size` others are at it. */
export function limited(size: number): <T>(action: () => Promise<T>) => Promise<T> {
  let free = size;
  const waiting: (() => void)[] = [];
  return async (action) => {
    if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
    else free -= 1;
    try {
      return await action();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}

/** One promise for each key, made by the first who asks for it. */
export function once<K, V>(make: (key: K) => Promise<V>): (key: K) => Promise<V> {
  const known = new Map<K, Promise<V>>();
  return (key) => {
    const found = known.get(key) ?? make(key);
    known.set(key, found);
    // Who waits for it hears of the error; nobody may have come yet.
    found.catch(() => {});
    return found;
  };
}
