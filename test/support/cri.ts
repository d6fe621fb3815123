// SPDX-License-Identifier: Apache-2.0
// What a kubelet says to containerd: calls of the CRI (https://github.com/kubernetes/cri-api, v1) over gRPC, of which only what tests need.
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** Field number and value; messages are lists of fields. */
export type Field = readonly [number, string | number | boolean | readonly Field[]];

function encode(fields: readonly Field[]): Uint8Array {
  const writer = new BinaryWriter();
  for (const [number, value] of fields) {
    if (typeof value === 'string') writer.tag(number, WireType.LengthDelimited).string(value);
    else if (typeof value === 'number') writer.tag(number, WireType.Varint).int64(value);
    else if (typeof value === 'boolean') writer.tag(number, WireType.Varint).bool(value);
    else writer.tag(number, WireType.LengthDelimited).bytes(encode(value));
  }
  return writer.finish();
}

/** The fields of an answer that are texts or numbers. */
function decode(data: Uint8Array): Map<number, string> {
  const reader = new BinaryReader(data);
  const found = new Map<number, string>();
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    if (type === WireType.LengthDelimited) found.set(number, Buffer.from(reader.bytes()).toString('utf8'));
    else if (type === WireType.Varint) found.set(number, String(reader.int64()));
    else reader.skip(type);
  }
  return found;
}

export class CriError extends Error {}

/** One call. @throws CriError with the message of the engine */
export function call(socket: string, method: string, fields: readonly Field[]): Promise<Map<number, string>> {
  const session = connectHttp2('http://localhost', { createConnection: () => connect(socket) });
  return new Promise<Map<number, string>>((resolve, reject) => {
    session.once('error', reject);
    const service = /Image/.test(method) ? 'ImageService' : 'RuntimeService';
    const request = session.request({
      ':method': 'POST',
      ':path': `/runtime.v1.${service}/${method}`,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const body = encode(fields);
    // Not compressed, and how long it is.
    const head = Buffer.alloc(5);
    head.writeUInt32BE(body.length, 1);
    const parts: Buffer[] = [];
    let trailers: Record<string, unknown> = {};
    request.on('response', (headers) => {
      trailers = headers;
    });
    request.on('trailers', (headers) => {
      trailers = headers;
    });
    request.on('data', (part: Buffer) => parts.push(part));
    request.once('error', reject);
    request.once('end', () => {
      if (String(trailers['grpc-status']) !== '0')
        reject(new CriError(decodeURIComponent(String(trailers['grpc-message']))));
      else resolve(decode(Buffer.concat(parts).subarray(5)));
    });
    request.end(Buffer.concat([head, body]));
  }).finally(() => session.close());
}

/** Namespaces of a pod: 0 the pod's, 2 the node's. */
export interface Pod {
  readonly name: string;
  readonly handler: string;
  readonly network?: 0 | 2;
  readonly pid?: 0 | 2;
  readonly privileged?: boolean;
}
export interface Container {
  readonly command: readonly string[];
  readonly image: string;
  readonly privileged?: boolean;
  readonly add?: readonly string[];
  /** From the host to the container. */
  readonly mounts?: readonly (readonly [string, string])[];
}

export class Cri {
  readonly #socket: string;
  constructor(socket: string) {
    this.#socket = socket;
  }

  static #pod({ name, network = 0, pid = 0, privileged = false }: Pod): Field[] {
    const namespaces: Field[] = [
      [1, network],
      [2, pid],
    ];
    const security: Field[] = [
      [1, namespaces],
      [6, privileged],
    ];
    return [
      [
        1,
        [
          [1, name],
          [2, `${name}-uid`],
          [3, 'default'],
        ],
      ],
      // A pod in the node's network has the node's name.
      ...(network === 0 ? [[2, name] as const] : []),
      [8, [[2, security]]],
    ];
  }

  /** Whether the engine takes calls: for a moment after it has started it does not. */
  async ready(): Promise<boolean> {
    return await call(this.#socket, 'Status', []).then(
      () => true,
      () => false,
    );
  }

  /** The id of its sandbox. */
  async runPod(pod: Pod): Promise<string> {
    const answer = await call(this.#socket, 'RunPodSandbox', [
      [1, Cri.#pod(pod)],
      [2, pod.handler],
    ]);
    return answer.get(1) ?? '';
  }

  /** A container that runs, by its id. */
  async runContainer(
    pod: Pod,
    sandbox: string,
    { command, image, privileged = false, add = [], mounts = [] }: Container,
  ): Promise<string> {
    const namespaces: Field[] = [
      [1, pod.network ?? 0],
      [2, pod.pid ?? 0],
    ];
    const security: Field[] = [
      [1, add.map((name): Field => [1, name])],
      [2, privileged],
      [3, namespaces],
    ];
    const config: Field[] = [
      [1, [[1, 'main']]],
      [2, [[1, image]]],
      ...command.map((word): Field => [3, word]),
      ...mounts.map(
        ([from, to]): Field => [
          7,
          [
            [1, to],
            [2, from],
          ],
        ],
      ),
      [15, [[2, security]]],
    ];
    const made = await call(this.#socket, 'CreateContainer', [
      [1, sandbox],
      [2, config],
      [3, Cri.#pod(pod)],
    ]);
    const id = made.get(1) ?? '';
    await call(this.#socket, 'StartContainer', [[1, id]]);
    return id;
  }

  /** What a command in a container printed. */
  async exec(container: string, ...command: readonly string[]): Promise<string> {
    const answer = await call(this.#socket, 'ExecSync', [
      [1, container],
      ...command.map((word): Field => [2, word]),
      [3, 20],
    ]);
    return answer.get(1) ?? '';
  }

  async removePod(sandbox: string): Promise<void> {
    await call(this.#socket, 'StopPodSandbox', [[1, sandbox]]);
    await call(this.#socket, 'RemovePodSandbox', [[1, sandbox]]);
  }
}
