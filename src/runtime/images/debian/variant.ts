// SPDX-License-Identifier: Apache-2.0

export const VARIANTS = ['auto', 'minimal', 'essential', 'apt'] as const;
/**
 * `minimal`: the packages and what they depend on, unpacked, without Debian's essential set and without running package
 * scripts; `essential` and `apt`: as mmdebstrap has them; `auto`: minimal when no package depends on another, else essential.
 */
export type Variant = (typeof VARIANTS)[number];
