// SPDX-License-Identifier: Apache-2.0
// What no container gets of the host, whatever a policy says. A policy's `binds.deny` adds to it.

/** Each gives the host away, and so does what is in it. */
export const NEVER_MOUNTED: readonly string[] = ['/', '/proc', '/sys', '/dev', '/etc', '/boot'];

/** Sockets of engines, by the end of their paths: whoever can write to one is root on the host. */
export const ENGINE_SOCKET = /(^|\/)(docker|containerd|crio|podman|buildkitd)\.sock$/;
