// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import { isLoopback, mayFollow, registryUrl } from '../../../src/runtime/registry/endpoint.ts';

it.each([
  ['https://a.example/', 'https://b.example/', true],
  ['http://127.0.0.1:5000/', 'https://b.example/', true],
  ['http://127.0.0.1:5000/', 'http://localhost:6000/', true],
  ['http://localhost:5000/', 'http://[::1]/', true],
  // Somebody else may not use us to talk to what listens on this machine.
  ['https://a.example/', 'http://127.0.0.1:2375/', false],
  ['https://a.example/', 'http://a.example/', false],
  ['http://127.0.0.1:5000/', 'http://169.254.169.254/latest/meta-data', false],
  ['http://127.0.0.1:5000/', 'http://127.0.0.1.example/', false],
  ['http://127.0.0.1:5000/', 'http://localhost.example/', false],
  ['https://a.example/', 'https://user@b.example/', false],
  ['https://a.example/', 'https://:word@b.example/', false],
  ['https://a.example/', 'ftp://a.example/', false],
  ['https://a.example/', 'data:text/plain,x', false],
])('from %s to %s: %s', (from, to, allowed) => {
  expect(mayFollow(new URL(from), new URL(to))).toBe(allowed);
});

it.each([
  ['docker.io', 'https://registry-1.docker.io/', false],
  ['registry.example:5000', 'https://registry.example:5000/', false],
  ['localhost:5000', 'https://localhost:5000/', true],
  ['127.9.9.9', 'https://127.9.9.9/', true],
  ['[::1]:5000', 'https://[::1]:5000/', true],
  ['128.0.0.1', 'https://128.0.0.1/', false],
  // How a number is read as an address is the URL's business; what counts is what comes out.
  ['127.1', 'https://127.0.0.1/', true],
])('%s is at %s', (registry, url, loopback) => {
  expect(registryUrl(registry).href).toBe(url);
  expect(isLoopback(registryUrl(registry).hostname)).toBe(loopback);
});
