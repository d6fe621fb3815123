// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { contentTrustNotice } from '../../../src/runtime/images/signatures/content-trust.ts';

describe('content trust of docker', () => {
  it.each(['1', 't', 'true', 'TRUE'])('is told of where it is switched on by %s', (value) => {
    expect(contentTrustNotice({ DOCKER_CONTENT_TRUST: value })).toContain('2026-12-08');
  });

  it.each([undefined, '', '0', 'false', 'yes'])('is not told of where docker takes %s for off', (value) => {
    expect(contentTrustNotice({ DOCKER_CONTENT_TRUST: value })).toBeUndefined();
  });
});
