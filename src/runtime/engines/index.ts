// SPDX-License-Identifier: Apache-2.0
import { containerd } from './containerd.ts';
import { crio } from './crio.ts';
import { docker } from './docker.ts';
import { podman } from './podman.ts';
import type { EngineConfig, EngineName } from './types.ts';

export const ENGINE: Readonly<Record<EngineName, EngineConfig>> = { docker, podman, containerd, crio };
