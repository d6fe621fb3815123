// SPDX-License-Identifier: Apache-2.0
import type { DockerfileFacts } from '../../../facts/dockerfile.ts';
import type { Check } from '../../../types.ts';

/** A check of a Dockerfile; its examples are files. */
export type DockerfileCheck = Check<DockerfileFacts, string>;

export const BEST_PRACTICES = 'https://docs.docker.com/build/building/best-practices/';
export const REFERENCE = 'https://docs.docker.com/reference/dockerfile/';
