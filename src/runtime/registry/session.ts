// SPDX-License-Identifier: Apache-2.0
// A conversation with one registry: where it answers, who asks, and what is sent again.
import type { Registries } from '../config/registries.ts';
import { findCredentials } from './credentials.ts';
import { registryUrl } from './endpoint.ts';
import { exchange, findBase, follow } from './exchange.ts';
import { protocol } from './problems.ts';
import { configuredRegistries } from './settings.ts';
import { certificateDirectories, type Tls, tlsOf } from './tls.ts';
import { type Asker, authorize, refused } from './token.ts';
import { type Answer, type Body, type Method, TIMING, type Timing, Transport } from './transport.ts';
import type { Credentials } from './types.ts';

/** What is the same for every registry that is spoken with. */
export interface ClientOptions {
  readonly timing?: Timing | undefined;
  /** Where credentials and configuration are looked for. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** What is configured; read from the files of this host where it is not given. */
  readonly registries?: Registries | undefined;
  /** certs.d directories; those of this host where they are not given. */
  readonly certificates?: readonly string[] | undefined;
  /** Something that the user ought to know. */
  readonly warn?: ((text: string) => void) | undefined;
}

export interface SessionOptions extends ClientOptions {
  readonly registry: string;
  /** Empty for what is about the registry as a whole. */
  readonly repository?: string;
  /** What a token is asked for, `repository:NAME:pull`. */
  readonly scopes: readonly string[];
  /** To be used instead of those that are found. */
  readonly credentials?: Credentials;
}

export interface Request {
  /** Below `/v2/`, or an address that the registry has named. */
  readonly at: string | URL;
  readonly method?: Method;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Body;
  /** Not tried again here: 429, 5xx and broken connections are for whoever asks. */
  readonly once?: boolean;
}

export class Session {
  readonly timing: Timing;
  readonly #transport: Transport;
  readonly #asker: Asker;
  readonly #stop = new AbortController();
  readonly #url: URL;
  readonly #options: SessionOptions;
  #base: Promise<URL> | undefined;
  #authorization: string | undefined;
  #authorizing: Promise<string> | undefined;

  /** @throws SecureError REFERENCE_INVALID when the name is none of a registry */
  constructor(options: SessionOptions) {
    const { registry, repository = '', scopes, timing = TIMING, env = process.env, credentials } = options;
    this.#options = options;
    this.timing = timing;
    this.#url = registryUrl(registry);
    this.#transport = new Transport(timing);
    const reference = { registry, repository };
    const { signal } = this.#stop;
    let found = credentials === undefined ? undefined : Promise.resolve<Credentials | undefined>(credentials);
    this.#asker = {
      reference,
      scopes,
      env,
      signal,
      given: credentials !== undefined,
      credentials: () => {
        found ??= findCredentials(reference, { env, signal });
        return found;
      },
      send: (call) => exchange(this.#transport, call, timing),
    };
  }

  /** Name and port of the server, for messages. */
  get host(): string {
    return this.#url.host;
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Whether the registry has asked who we are. */
  get authorized(): boolean {
    return this.#authorization !== undefined;
  }

  /** Where the registry answers; plain http on loopback, or where it is insecure, when nothing speaks TLS. */
  base(): Promise<URL> {
    this.#base ??= this.#open();
    return this.#base;
  }

  async #open(): Promise<URL> {
    const { registry, env = process.env, certificates = certificateDirectories(env), warn } = this.#options;
    const registries = this.#options.registries ?? (await configuredRegistries(env));
    const settings = registries.get(registry);
    const known = new Map<string, Tls | undefined>();
    // The registry's own address goes by its name; where it sends to, by theirs.
    this.#transport.tls = ({ host }) => {
      const name = host === this.#url.host ? registry : host;
      if (!known.has(name)) known.set(name, tlsOf(name, registries.get(name), certificates));
      return known.get(name);
    };
    const insecure = settings?.insecure ?? false;
    const base = await findBase(this.#transport, this.#url, this.signal, insecure);
    if (insecure) {
      const how =
        base.protocol === 'http:'
          ? 'what is said can be read and changed on the way'
          : 'its certificate is not checked';
      warn?.(`registry ${registry} is configured as insecure: ${how}`);
    }
    return base;
  }

  /** End every request that is under way. */
  abort(): void {
    this.#stop.abort();
  }

  close(): void {
    this.abort();
    this.#transport.close();
  }

  /**
   * The answer to a request, whatever its status but 401. One 401 for each request is an invitation, the second one an
   * answer: tokens may expire during a long transfer.
   * @throws SecureError REGISTRY_AUTH, REGISTRY_UNREACHABLE, REGISTRY_RATE_LIMITED, REGISTRY_PROTOCOL, CONFIG_INVALID
   */
  async request({ at, method = 'GET', headers = {}, body, once = false }: Request): Promise<Answer> {
    const base = await this.base();
    const url = typeof at === 'string' ? new URL(`/v2/${at}`, base) : at;
    for (let asked = false; ; asked = true) {
      const used = this.#authorization;
      // An address that an answer has named may be anybody's.
      const known = used !== undefined && url.origin === base.origin;
      const call = {
        url,
        method,
        headers: known ? { ...headers, authorization: used } : headers,
        signal: this.signal,
        ...(body === undefined ? {} : { body }),
      };
      const answer = await (once ? follow(this.#transport, call) : exchange(this.#transport, call, this.timing));
      if (answer.status !== 401) return answer;
      answer.discard();
      // Another server than the one that the credentials are for may not ask for them.
      if (answer.url.origin !== base.origin) throw protocol(answer.url.host, 'it wants credentials of another server');
      if (asked) throw await refused(this.#asker, 'no access');
      if (this.#authorization === used) await this.#authorize(answer);
    }
  }

  /** Many requests may be refused at the same time; one token is enough for them. */
  async #authorize(answer: Answer): Promise<void> {
    this.#authorizing ??= authorize(this.#asker, answer).finally(() => {
      this.#authorizing = undefined;
    });
    this.#authorization = await this.#authorizing;
  }
}
