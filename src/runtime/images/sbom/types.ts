// SPDX-License-Identifier: Apache-2.0

/** One installed package, as the database of its package manager, or its own file, has it. */
export interface Package {
  /** Type of its package URL. */
  readonly type: 'deb' | 'apk' | 'rpm' | 'npm' | 'pypi' | 'golang' | 'cargo';
  readonly name: string;
  readonly version: string;
  /** As the package manager writes it: `amd64`, `all`, `x86_64`. Empty where it does not say. */
  readonly architecture: string;
  /** The source package that it was built from; vulnerabilities are tracked by it. */
  readonly source: { readonly name: string; readonly version: string };
  /** `Name <address>`. */
  readonly maintainer?: string;
  /** Only http and https. */
  readonly homepage?: string;
  /** By its own account, in whatever words. */
  readonly license?: string;
  /** Each is a list of alternatives, without versions. */
  readonly depends: readonly (readonly string[])[];
  /** Other names by which it satisfies dependencies. */
  readonly provides: readonly string[];
}

/** os-release(5). */
export interface Distribution {
  readonly id: string;
  readonly name: string;
  readonly versionId?: string;
}

/** What the databases of an image's file system say is in it. */
export interface Inventory {
  readonly distribution?: Distribution;
  /** Each name, version and architecture once, in a fixed order. */
  readonly packages: readonly Package[];
  /** Databases of packages that are there and cannot be read, each with why. Their packages are not in the list. */
  readonly unread?: readonly string[];
}

/** What an SBOM is of. */
export interface Subject {
  /** Reference of the image. */
  readonly name: string;
  /** Manifest digest. */
  readonly digest: string;
  /** RFC 3339; part of the document, so a time that the image determines. */
  readonly created: string;
}
