// SPDX-License-Identifier: Apache-2.0

const SOCKETS =
  /^(?:\/var)?\/run(?:\/user\/\d+)?\/(?:docker\.sock|docker|containerd(?:\/containerd\.sock)?|crio(?:\/crio\.sock)?|podman(?:\/podman\.sock)?|buildkit(?:\/buildkitd\.sock)?)$/;
/** Of a user without a directory in /run. */
const HOME = /^(?:\/[^/]+)+\/\.docker\/run(?:\/docker\.sock)?$/;

/** Where a container engine takes orders, or the directory of it; without a slash at the end. */
export const isEngineSocket = (path: string): boolean => SOCKETS.test(path) || HOME.test(path);
