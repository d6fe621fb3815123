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
