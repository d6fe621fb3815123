// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  constants,
  copyFileSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SecureError } from '../src/errors.ts';
import {
  compileSeccomp,
  evaluateSeccomp,
  flock,
  hostProbes,
  openBeneath,
  readBeneath,
  seccompOracle,
} from '../src/native.ts';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'secure-native-'));
  mkdirSync(join(root, 'etc'));
  writeFileSync(join(root, 'etc/passwd'), 'inside');
  symlinkSync('/etc/passwd', join(root, 'absolute'));
});
afterEach(() => rmSync(root, { recursive: true }));

const code = (call: () => unknown): unknown => {
  try {
    call();
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error;
  }
  return 'nothing was thrown';
};

describe('files beneath a root', () => {
  test('a descriptor or a path names the root, a string or bytes the file', () => {
    const fd = openSync(root, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      expect(readBeneath(fd, 'etc/passwd', 100)?.toString()).toBe('inside');
      expect(readBeneath(root, Buffer.from('etc/passwd'), 100)?.toString()).toBe('inside');
    } finally {
      closeSync(fd);
    }
  });

  test('leaving is refused with the errno of the kernel, as node:fs gives it', () => {
    expect(code(() => openBeneath(root, 'absolute'))).toBe('EXDEV');
    expect(code(() => openBeneath(root, '../..'))).toBe('EXDEV');
    expect(code(() => openBeneath(root, 'none'))).toBe('ENOENT');
    expect(code(() => openBeneath(root, 'absolute', constants.O_RDONLY, { noSymlinks: true }))).toBe('ELOOP');
  });

  test('inside a root of its own an absolute link means the container', () => {
    expect(readBeneath(root, 'absolute', 100, { inRoot: true })?.toString()).toBe('inside');
  });

  test('reading is bounded, and a missing file is null', () => {
    expect(readBeneath(root, 'none', 100)).toBeNull();
    expect(code(() => readBeneath(root, 'etc/passwd', 5))).toBe('EFBIG');
    expect(code(() => readBeneath(root, 'etc', 100))).toBe('EINVAL');
  });

  test('files can be created, with the mode asked for', () => {
    const fd = openBeneath(root, 'new', constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, { mode: 0o640 });
    expect(fstatSync(fd).mode & 0o777).toBe(0o640);
    closeSync(fd);
  });

  // A negative descriptor would be the working directory, a fraction or NaN some other one.
  test.each([-100, -1, 1.5, Number.NaN, 2 ** 31, 2 ** 53])('%d is no descriptor', (fd) => {
    expect(() => openBeneath(fd, 'etc')).toThrow(TypeError);
  });

  test('no descriptor is lost, whether opening works or not', () => {
    const next = () => {
      const fd = openSync('/dev/null', 'r');
      closeSync(fd);
      return fd;
    };
    const before = next();
    for (let i = 0; i < 50; i++) {
      readBeneath(root, 'etc/passwd', 100);
      code(() => readBeneath(root, 'etc/passwd', 1));
      code(() => openBeneath(root, 'absolute'));
    }
    expect(next()).toBe(before);
  });
});

describe('flock', () => {
  test('excludes another open file and ends with the descriptor', () => {
    const path = join(root, 'lock');
    const [a, b] = [openSync(path, 'w'), openSync(path, 'r')];
    expect(flock(a, true, false)).toBe(true);
    expect(flock(b, true, false)).toBe(false);
    expect(flock(b, false, false)).toBe(false);
    closeSync(a);
    expect(flock(b, true, false)).toBe(true);
    closeSync(b);
  });

  test('shared locks go together', () => {
    const [a, b] = [openSync(root, 'r'), openSync(root, 'r')];
    expect(flock(a, false, false)).toBe(true);
    expect(flock(b, false, false)).toBe(true);
    expect(flock(b, true, false)).toBe(false);
    closeSync(a);
    closeSync(b);
  });

  test('a closed descriptor is an error, not a lock', () => {
    const fd = openSync(root, 'r');
    closeSync(fd);
    expect(code(() => flock(fd, true, false))).toBe('EBADF');
  });
});

test('the kernel is asked, not its version number', () => {
  const probes = hostProbes();
  expect(probes.euid).toBe(process.geteuid?.());
  expect(probes.lastCap).toBe(Number(readFileSync('/proc/sys/kernel/cap_last_cap', 'utf8')));
  expect(probes.landlockAbi).toBeGreaterThanOrEqual(0);
});

describe('seccomp', () => {
  const AUDIT_ARCH = { x64: 0xc000003e, arm64: 0xc00000b7 }[process.arch as 'x64' | 'arm64'];
  const GETPID = { x64: 39, arm64: 172 }[process.arch as 'x64' | 'arm64'];
  const EPERM = 0x00050001;
  const ALLOW = 0x7fff0000;
  const profile = (names: string[]) =>
    JSON.stringify({
      defaultAction: 'SCMP_ACT_ERRNO',
      defaultErrnoRet: 1,
      syscalls: [{ names, action: 'SCMP_ACT_ALLOW' }],
    });

  test('a profile is compiled, and a call decided', () => {
    const { instructions, unknownNames } = compileSeccomp(profile(['getpid', 'no_such_call']));
    expect(unknownNames).toEqual(['no_such_call']);
    expect(evaluateSeccomp(instructions, AUDIT_ARCH, GETPID)).toBe(ALLOW);
    expect(evaluateSeccomp(instructions, AUDIT_ARCH, GETPID + 1)).toBe(EPERM);
  });

  test('libseccomp decides the same', () => {
    const { instructions } = seccompOracle(profile(['getpid']));
    expect(evaluateSeccomp(instructions, AUDIT_ARCH, GETPID)).toBe(ALLOW);
    expect(evaluateSeccomp(instructions, AUDIT_ARCH, GETPID + 1)).toBe(EPERM);
  });

  test('a wrong profile is a SecureError that names the field', () => {
    expect(() => compileSeccomp('{"defaultAction":1}')).toThrow(SecureError);
    expect(() => compileSeccomp('{"defaultAction":1}')).toThrow(/\/defaultAction/);
    expect(code(() => compileSeccomp('{'))).toBe('CONFIG_INVALID');
  });

  test('garbage is evaluated to a decision that kills', () => {
    const KILL_PROCESS = 0x80000000;
    for (const size of [0, 8, 64]) expect(evaluateSeccomp(Buffer.alloc(size, 0xff), AUDIT_ARCH, 0)).toBe(KILL_PROCESS);
    expect(() => evaluateSeccomp(Buffer.alloc(7), AUDIT_ARCH, 0)).toThrow(TypeError);
    expect(() => evaluateSeccomp(Buffer.alloc(8), AUDIT_ARCH, 0, [-1n])).toThrow(TypeError);
    expect(() => evaluateSeccomp(Buffer.alloc(8), AUDIT_ARCH, 0, [1n << 64n])).toThrow(TypeError);
  });
});

test('a missing addon is explained', () => {
  // A copy of the module where no build is beside it.
  const copy = join(root, 'src');
  mkdirSync(copy);
  for (const name of ['native.ts', 'errors.ts'])
    copyFileSync(join(import.meta.dirname, '../src', name), join(copy, name));
  writeFileSync(join(root, 'package.json'), '{"type":"module"}');
  const script = `import('${copy}/native.ts').then((n) => n.hostProbes()).catch((e) => console.log(e.code + '|' + e.hint))`;
  const { stdout } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
  expect(stdout).toMatch(/^RUNTIME_MISSING\|it was not built: run 'make native'/);
});
