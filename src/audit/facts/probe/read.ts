// SPDX-License-Identifier: Apache-2.0
// The answer of a probe comes out of a container, which may have sent anything: every value has its type, its bounds and its printable text, or the whole is
// refused. What is known and missing is no answer either; what is not known is left out.
import { SecureError } from '../../../errors.ts';
import { NAMESPACES, OUTCOMES, type ProbeAttempt, type ProbeNamespace, type ProbeSections } from './types.ts';

/** Of native/probe/document.h. */
export const VERSION = 1;
/** The program writes at most this. */
export const MAX_BYTES = 1 << 20;
const MAX_ITEMS = 1024;
const MAX_TEXT = 4096;

type Json = Readonly<Record<string, unknown>>;

class Reader {
  readonly #name: string;
  constructor(name: string) {
    this.#name = name;
  }
  fail(at: string, what: string, cause?: unknown): never {
    throw new SecureError('AUDIT_UNREADABLE', `the answer of the probe in ${this.#name}: ${at} ${what}`, {
      hint: 'what is in the container has changed the answer, or it is of another version: use the secure-probe of this version',
      cause,
    });
  }
  object(value: unknown, at: string): Json {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
    return this.fail(at, 'is no object');
  }
  list<T>(value: unknown, at: string, each: (item: unknown, at: string) => T): T[] {
    if (!Array.isArray(value)) return this.fail(at, 'is no list');
    if (value.length > MAX_ITEMS) return this.fail(at, `has more than ${MAX_ITEMS} items`);
    return value.map((item, i) => each(item, `${at}[${i}]`));
  }
  /** Control characters as the program would have written them, visible. */
  text = (value: unknown, at: string): string => {
    if (typeof value !== 'string') return this.fail(at, 'is no text');
    if (value.length > MAX_TEXT) return this.fail(at, 'is too long');
    return value.replace(/[^\x20-\x7e]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
  };
  integer = (value: unknown, at: string): number =>
    Number.isSafeInteger(value) ? (value as number) : this.fail(at, 'is no whole number');
  boolean = (value: unknown, at: string): boolean =>
    typeof value === 'boolean' ? value : this.fail(at, 'is neither true nor false');
  orNull = <T>(value: unknown, at: string, read: (value: unknown, at: string) => T): T | null =>
    value === null ? null : read(value, at);
}

type Sections = {
  readonly [K in keyof ProbeSections]: (read: Reader, value: unknown, at: string) => NonNullable<ProbeSections[K]>;
};

const ids: Sections['ids'] = (read, value, at) => {
  const { uid, gid, groups, uidMap, gidMap } = read.object(value, at);
  const three = (list: unknown, where: string): number[] => {
    const found = read.list(list, where, read.integer);
    return found.length === 3 ? found : read.fail(where, 'has not three numbers');
  };
  const map = (list: unknown, where: string): number[][] => read.list(list, where, three);
  return {
    uid: three(uid, `${at}.uid`),
    gid: three(gid, `${at}.gid`),
    groups: read.list(groups, `${at}.groups`, read.integer),
    uidMap: read.orNull(uidMap, `${at}.uidMap`, map),
    gidMap: read.orNull(gidMap, `${at}.gidMap`, map),
  };
};

const mask = (read: Reader, value: unknown, at: string): string => {
  const found = read.text(value, at);
  return /^[0-9a-f]{16}$/.test(found) ? found : read.fail(at, 'is no mask of sixteen digits');
};

const namespace = (read: Reader, value: unknown, at: string): ProbeNamespace => {
  const { inode, ofFirst } = read.object(value, at);
  return {
    inode: read.orNull(inode, `${at}.inode`, read.integer),
    ofFirst: read.orNull(ofFirst, `${at}.ofFirst`, read.integer),
  };
};

const SECTIONS: Sections = {
  ids,
  capabilities(read, value, at) {
    const { bounding, permitted, effective, inheritable, ambient } = read.object(value, at);
    return {
      bounding: mask(read, bounding, `${at}.bounding`),
      permitted: mask(read, permitted, `${at}.permitted`),
      effective: mask(read, effective, `${at}.effective`),
      inheritable: mask(read, inheritable, `${at}.inheritable`),
      ambient: mask(read, ambient, `${at}.ambient`),
    };
  },
  confinement(read, value, at) {
    const { noNewPrivileges, seccomp, filters, label } = read.object(value, at);
    return {
      noNewPrivileges: read.boolean(noNewPrivileges, `${at}.noNewPrivileges`),
      seccomp: read.integer(seccomp, `${at}.seccomp`),
      filters: read.orNull(filters, `${at}.filters`, read.integer),
      label: read.orNull(label, `${at}.label`, read.text),
    };
  },
  landlock(read, value, at) {
    const { abi, refused } = read.object(value, at);
    return { abi: read.integer(abi, `${at}.abi`), refused: read.list(refused, `${at}.refused`, read.text) };
  },
  limits(read, value, at) {
    const entries = Object.entries(read.object(value, at));
    if (entries.length > MAX_ITEMS) read.fail(at, `has more than ${MAX_ITEMS} members`);
    return Object.fromEntries(
      entries.map(([name, pair]) => {
        const found = read.list(pair, `${at}.${read.text(name, at)}`, read.integer);
        return [read.text(name, at), found.length === 2 ? found : read.fail(at, 'has a limit that is no pair')];
      }),
    );
  },
  kernel(read, value, at) {
    const { release, hostname, bootId } = read.object(value, at);
    return {
      release: read.text(release, `${at}.release`),
      hostname: read.text(hostname, `${at}.hostname`),
      bootId: read.orNull(bootId, `${at}.bootId`, read.text),
    };
  },
  namespaces(read, value, at) {
    const found = read.object(value, at);
    const entries = NAMESPACES.map((kind) => [kind, namespace(read, found[kind], `${at}.${kind}`)] as const);
    return Object.fromEntries(entries) as NonNullable<ProbeSections['namespaces']>;
  },
  processes(read, value, at) {
    const { first, visible, kernelThreads, foreign } = read.object(value, at);
    return {
      first: read.orNull(first, `${at}.first`, read.text),
      visible: read.orNull(visible, `${at}.visible`, read.integer),
      kernelThreads: read.boolean(kernelThreads, `${at}.kernelThreads`),
      foreign: read.list(foreign, `${at}.foreign`, (item, where) => {
        const { pid, name, writable } = read.object(item, where);
        return {
          pid: read.integer(pid, `${where}.pid`),
          name: read.text(name, `${where}.name`),
          writable: read.boolean(writable, `${where}.writable`),
        };
      }),
    };
  },
  root(read, value, at) {
    const { flags, writable } = read.object(value, at);
    return {
      flags: read.orNull(flags, `${at}.flags`, (list, where) => read.list(list, where, read.text)),
      writable: read.boolean(writable, `${at}.writable`),
    };
  },
  mounts(read, value, at) {
    const { mounts, complete } = read.object(value, at);
    return {
      complete: read.boolean(complete, `${at}.complete`),
      mounts: read.list(mounts, `${at}.mounts`, (item, where) => {
        const { root, point, options, type, source, shared } = read.object(item, where);
        return {
          root: read.text(root, `${where}.root`),
          point: read.text(point, `${where}.point`),
          options: read.text(options, `${where}.options`),
          type: read.text(type, `${where}.type`),
          source: read.text(source, `${where}.source`),
          shared: read.boolean(shared, `${where}.shared`),
        };
      }),
    };
  },
  paths: (read, value, at) =>
    read.list(value, at, (item, where) => {
      const { path, masked, read: readable, write } = read.object(item, where);
      return {
        path: read.text(path, `${where}.path`),
        masked: read.boolean(masked, `${where}.masked`),
        read: read.boolean(readable, `${where}.read`),
        write: read.boolean(write, `${where}.write`),
      };
    }),
  devices(read, value, at) {
    const { nodes, complete } = read.object(value, at);
    return {
      complete: read.boolean(complete, `${at}.complete`),
      nodes: read.list(nodes, `${at}.nodes`, (item, where) => {
        const { path, type, major, minor, read: readable, write } = read.object(item, where);
        return {
          path: read.text(path, `${where}.path`),
          type: read.text(type, `${where}.type`),
          major: read.integer(major, `${where}.major`),
          minor: read.integer(minor, `${where}.minor`),
          read: read.boolean(readable, `${where}.read`),
          write: read.boolean(write, `${where}.write`),
        };
      }),
    };
  },
  cgroups(read, value, at) {
    const { groups, writable } = read.object(value, at);
    return {
      groups: read.orNull(groups, `${at}.groups`, (list, where) => read.list(list, where, read.text)),
      writable: read.list(writable, `${at}.writable`, read.text),
    };
  },
  descriptors(read, value, at) {
    const { workingDirectory, open } = read.object(value, at);
    return {
      workingDirectory: read.text(workingDirectory, `${at}.workingDirectory`),
      open: read.list(open, `${at}.open`, (item, where) => {
        const { fd, leadsOut, link } = read.object(item, where);
        return {
          fd: read.integer(fd, `${where}.fd`),
          leadsOut: read.boolean(leadsOut, `${where}.leadsOut`),
          link: read.orNull(link, `${where}.link`, read.text),
        };
      }),
    };
  },
  sockets: (read, value, at) =>
    read.list(value, at, (item, where) => {
      const { path, answers } = read.object(item, where);
      return { path: read.text(path, `${where}.path`), answers: read.boolean(answers, `${where}.answers`) };
    }),
  network(read, value, at) {
    const { interfaces, abstract } = read.object(value, at);
    return {
      abstract: read.orNull(abstract, `${at}.abstract`, (list, where) => read.list(list, where, read.text)),
      interfaces: read.list(interfaces, `${at}.interfaces`, (item, where) => {
        const { name, device } = read.object(item, where);
        return { name: read.text(name, `${where}.name`), device: read.boolean(device, `${where}.device`) };
      }),
    };
  },
  keys(read, value, at) {
    const { visible } = read.object(value, at);
    return { visible: read.orNull(visible, `${at}.visible`, read.integer) };
  },
};

export interface ProbeDocument extends ProbeSections {
  readonly attempts: Readonly<Record<string, ProbeAttempt>>;
  readonly gaps: Readonly<Record<string, string>>;
}

function attempt(read: Reader, value: unknown, at: string): [string, ProbeAttempt] {
  const { name, outcome, errno, by, detail } = read.object(value, at);
  const found =
    OUTCOMES.find((one) => one === outcome) ?? read.fail(`${at}.outcome`, `is none of ${OUTCOMES.join(', ')}`);
  return [
    read.text(name, `${at}.name`),
    {
      outcome: found,
      errno: read.orNull(errno, `${at}.errno`, read.text),
      by: read.orNull(by, `${at}.by`, read.text),
      detail: read.text(detail, `${at}.detail`),
    },
  ];
}

/**
 * @param text what the program wrote, of whoever could change it
 * @param name of the container, for errors
 * @throws SecureError AUDIT_UNREADABLE
 */
export function parseProbe(text: string, name: string): ProbeDocument {
  const read = new Reader(name);
  if (text.length > MAX_BYTES) read.fail('it', `is larger than ${MAX_BYTES} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    read.fail('it', 'is no JSON', cause);
  }
  const { probe, facts, attempts } = read.object(value, 'it');
  if (probe !== VERSION) read.fail('its version', `is not ${VERSION}`);
  const sections = read.object(facts, 'facts');
  const gaps: Record<string, string> = {};
  const found = Object.entries(SECTIONS).map(([section, parse]) => {
    const given = sections[section];
    const at = `facts.${section}`;
    if (given === undefined) read.fail(at, 'is missing');
    if (given === null) gaps[section] = 'the probe could not read it';
    else if (typeof given === 'object' && !Array.isArray(given) && 'unread' in given)
      gaps[section] = `the probe could not read it: ${read.text(given.unread, `${at}.unread`)}`;
    else return [section, parse(read, given, at)] as const;
    return [section, null] as const;
  });
  const tried = read.list(attempts, 'attempts', (item, at) => attempt(read, item, at));
  return {
    ...(Object.fromEntries(found) as unknown as ProbeSections),
    attempts: Object.fromEntries(tried),
    gaps,
  };
}
