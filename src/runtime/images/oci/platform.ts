// SPDX-License-Identifier: Apache-2.0
import { arch } from 'node:process';
import { SecureError } from '../../../errors.ts';
import type { JsonObject } from './json.ts';

/** image-spec "platform": Go's names. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

const GO_NAME: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386', loong64: 'loong64', riscv64: 'riscv64' };

export function hostPlatform(): Platform {
  return { os: 'linux', architecture: GO_NAME[arch] ?? arch };
}

export function readPlatform(json: JsonObject): Platform {
  const variant = json.string('variant', '');
  return { os: json.string('os'), architecture: json.string('architecture'), ...(variant === '' ? {} : { variant }) };
}

/** `os/architecture[/variant]`, as given to `--platform`. */
export function parsePlatform(text: string): Platform {
  const match = /^([a-z0-9]+)\/([a-z0-9_]+)(?:\/([a-z0-9.]+))?$/.exec(text);
  const [, os, architecture, variant] = match ?? [];
  if (os === undefined || architecture === undefined) {
    throw new SecureError('INVALID_VALUE', `--platform: ${JSON.stringify(text)} is no platform`, {
      hint: 'write os/architecture or os/architecture/variant, for example linux/amd64 or linux/arm/v7',
    });
  }
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}

export function formatPlatform({ os, architecture, variant }: Platform): string {
  return `${os}/${architecture}${variant === undefined ? '' : `/${variant}`}`;
}

// arm64 without a variant is v8; amd64 without one is v1.
const DEFAULT_VARIANT: Readonly<Record<string, string>> = { arm64: 'v8', amd64: 'v1', arm: 'v7' };

function variantOf({ architecture, variant }: Platform): string {
  return variant ?? DEFAULT_VARIANT[architecture] ?? '';
}

/** True when something built for `offered` is what was asked for. Without a wanted variant the default one is meant. */
export function matchesPlatform(offered: Platform, wanted: Platform): boolean {
  return (
    offered.os === wanted.os && offered.architecture === wanted.architecture && variantOf(offered) === variantOf(wanted)
  );
}
