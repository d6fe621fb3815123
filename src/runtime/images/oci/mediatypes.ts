// SPDX-License-Identifier: Apache-2.0

export const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const INDEX = 'application/vnd.oci.image.index.v1+json';
export const CONFIG = 'application/vnd.oci.image.config.v1+json';
export const LAYER_TAR = 'application/vnd.oci.image.layer.v1.tar';

const DOCKER = 'application/vnd.docker';
export const MANIFESTS: ReadonlySet<string> = new Set([MANIFEST, `${DOCKER}.distribution.manifest.v2+json`]);
export const INDEXES: ReadonlySet<string> = new Set([INDEX, `${DOCKER}.distribution.manifest.list.v2+json`]);
const CONFIGS = new Set([CONFIG, `${DOCKER}.container.image.v1+json`]);
// Foreign and non-distributable layers (urls to fetch from anywhere) and encrypted ones are deliberately absent.
const LAYERS = new Set([
  LAYER_TAR,
  `${LAYER_TAR}+gzip`,
  `${LAYER_TAR}+zstd`,
  `${DOCKER}.image.rootfs.diff.tar`,
  `${DOCKER}.image.rootfs.diff.tar.gzip`,
  `${DOCKER}.image.rootfs.diff.tar.zstd`,
]);

export const isManifest = (type: string): boolean => MANIFESTS.has(type);
export const isIndex = (type: string): boolean => INDEXES.has(type);
export const isConfig = (type: string): boolean => CONFIGS.has(type);
export const isLayer = (type: string): boolean => LAYERS.has(type);
