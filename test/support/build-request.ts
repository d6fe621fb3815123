// SPDX-License-Identifier: Apache-2.0
import { type BuildFlags, readBuildRequest } from '../../src/cli/build/request.ts';
import { fileIo, loadPolicy } from '../../src/policies/index.ts';
import type { BuildRequest } from '../../src/runtime/build/types.ts';
import { DEFAULT_NETWORK } from '../../src/runtime/config/network.ts';

/** What `secure image build -t NAME DIRECTORY` builds under `default`, without a network. */
export async function buildRequest(directory: string, name: string): Promise<BuildRequest> {
  const flags: BuildFlags = {
    tag: [name],
    file: undefined,
    'build-arg': undefined,
    label: undefined,
    target: undefined,
    secret: undefined,
    ssh: undefined,
    'no-cache': false,
    network: 'none',
    pull: 'never',
    trust: false,
    parallel: 2,
    compression: 'gzip',
  };
  return readBuildRequest(directory, flags, await loadPolicy('default', fileIo([], '/')), DEFAULT_NETWORK);
}
