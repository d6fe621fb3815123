// SPDX-License-Identifier: Apache-2.0
import manifest from '../package.json' with { type: 'json' };

/** The version of this product, as in package.json. */
export const PRODUCT_VERSION: string = manifest.version;
