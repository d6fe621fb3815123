// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { SecureError } from '../../../src/errors.ts';
import { candidates, formatReference, parseNewName, parseReference } from '../../../src/runtime/images/reference.ts';

const HEX = 'a'.repeat(64);
const full = (text: string) => formatReference(parseReference(text));

describe('parseReference', () => {
  it.each([
    ['nginx', 'docker.io/library/nginx:latest'],
    ['nginx:1.25', 'docker.io/library/nginx:1.25'],
    ['team/app', 'docker.io/team/app:latest'],
    ['docker.io/nginx', 'docker.io/library/nginx:latest'],
    ['index.docker.io/nginx', 'docker.io/library/nginx:latest'],
    ['localhost/app', 'localhost/app:latest'],
    ['localhost:5000/app', 'localhost:5000/app:latest'],
    ['Registry.Example/app', 'registry.example/app:latest'],
    ['[::1]:5000/a/b__c.d-e:t_1', '[::1]:5000/a/b__c.d-e:t_1'],
    [`nginx@sha256:${HEX}`, `docker.io/library/nginx@sha256:${HEX}`],
    [`r.example:65535/a:b@sha512:${HEX}${HEX}`, `r.example:65535/a:b@sha512:${HEX}${HEX}`],
    [`localhost/${HEX}`, `localhost/${HEX}:latest`],
  ])('%s is %s', (text, expected) => expect(full(text)).toBe(expected));

  it.each([
    ['', 1],
    [':latest', 1],
    ['@', 2],
    ['nginx@', 7],
    ['nginx:', 7],
    ['nginx:-x', 7],
    [`nginx:${'t'.repeat(129)}`, 7],
    ['nginx@sha256:abc', 7],
    [`nginx@sha256:${HEX.toUpperCase()}`, 7],
    [`nginx@md5:${'a'.repeat(32)}`, 7],
    ['NGINX', 1],
    ['Team/app', 1],
    ['team/App', 6],
    ['a//b', 3],
    ['a/', 3],
    ['/a', 1],
    ['a..b', 1],
    ['-a', 1],
    ['../etc/passwd', 1],
    ['localhost/../x', 11],
    ['a b', 1],
    ['a\0b', 1],
    ['ａ', 1],
    ['r.example:/a', 11],
    ['r.example:65536/a', 11],
    ['r.example:0/a', 11],
    ['[::g]/a', 1],
    ['-r.example/a', 1],
    ['http://r.example/a', 6],
    [HEX, 1],
    [`r.example/${'a/'.repeat(130)}b`, 256],
    ['x'.repeat(1025), 1025],
  ])('refuses %j and says where', (text, position) => {
    try {
      parseReference(text);
    } catch (error) {
      expect(error).toBeInstanceOf(SecureError);
      expect((error as SecureError).code).toBe('REFERENCE_INVALID');
      expect((error as SecureError).message).toContain(`(at character ${position})`);
      return;
    }
    expect.unreachable(`${text} was accepted`);
  });

  it('reads back what it writes, for random texts that it accepts', () => {
    const alphabet = 'aB0.-_/:@[]';
    let [seed, accepted] = [1, 0];
    const random = (n: number) => {
      seed = (seed * 48271) % 2147483647;
      return seed % n;
    };
    for (let i = 0; i < 20_000; i++) {
      const text = Array.from({ length: 1 + random(9) }, () => alphabet[random(alphabet.length)]).join('');
      let first: string;
      try {
        first = full(text);
      } catch (error) {
        expect((error as SecureError).code).toBe('REFERENCE_INVALID');
        continue;
      }
      accepted++;
      expect(full(first)).toBe(first);
    }
    expect(accepted).toBeGreaterThan(100);
  });

  it('takes no time over a name made to backtrack', () => {
    const start = performance.now();
    expect(() => parseReference(`${'a-'.repeat(500)}!`)).toThrow();
    expect(performance.now() - start).toBeLessThan(100);
  });
});

describe('names', () => {
  it('looks for a short name here first, for a full one nowhere else', () => {
    expect(candidates('team/app:1').map(formatReference)).toEqual(['localhost/team/app:1', 'docker.io/team/app:1']);
    expect(candidates('docker.io/app').map(formatReference)).toEqual(['docker.io/library/app:latest']);
    expect(candidates('localhost/app').map(formatReference)).toEqual(['localhost/app:latest']);
  });

  it('gives new images names below localhost unless told otherwise, and never a digest', () => {
    expect(formatReference(parseNewName('app'))).toBe('localhost/app:latest');
    expect(formatReference(parseNewName('r.example/app:2'))).toBe('r.example/app:2');
    expect(() => parseNewName(`app@sha256:${HEX}`)).toThrow(SecureError);
  });
});
