// SPDX-License-Identifier: Apache-2.0
// Every command by its id, loaded only when it runs.
import type { CommandClass } from './command.ts';

type Loader = () => Promise<{ readonly default: CommandClass }>;

export const COMMANDS: Readonly<Record<string, { readonly summary: string; readonly load: Loader }>> = {
  run: { summary: 'Run a command in a new container.', load: () => import('../commands/run.ts') },
  exec: { summary: 'Run a further command in a running container.', load: () => import('../commands/exec.ts') },
  attach: {
    summary: 'Connect to a detached container.',
    load: () => import('../commands/attach.ts'),
  },
  ps: { summary: 'List containers.', load: () => import('../commands/ps.ts') },
  logs: { summary: 'Show what a container printed.', load: () => import('../commands/logs.ts') },
  diff: {
    summary: 'Show what a container changed in its root file system.',
    load: () => import('../commands/diff.ts'),
  },
  commit: { summary: 'Make an image of a container.', load: () => import('../commands/commit.ts') },
  export: {
    summary: 'Write the files of a container to an archive.',
    load: () => import('../commands/export.ts'),
  },
  inspect: {
    summary: 'Show a container, its plan and what is in force.',
    load: () => import('../commands/inspect.ts'),
  },
  stop: { summary: 'Stop containers, first politely.', load: () => import('../commands/stop.ts') },
  kill: { summary: 'Send a signal to containers.', load: () => import('../commands/kill.ts') },
  wait: { summary: 'Wait for containers and print their exit codes.', load: () => import('../commands/wait.ts') },
  rm: { summary: 'Remove containers.', load: () => import('../commands/rm.ts') },
  login: { summary: 'Log in to a registry.', load: () => import('../commands/login.ts') },
  logout: { summary: 'Forget the credentials of a registry.', load: () => import('../commands/logout.ts') },
  search: {
    summary: 'Search a registry for images, or list the tags of one.',
    load: () => import('../commands/search.ts'),
  },
  probe: {
    summary: 'Look around inside of containers: what isolation is really in force, and what of known escapes begins.',
    load: () => import('../commands/probe.ts'),
  },
  'audit:all': {
    summary: 'Audit this host, its engines, all images of the store and all running containers.',
    load: () => import('../commands/audit/all.ts'),
  },
  'audit:bundle': {
    summary: 'Audit OCI bundles: what a runtime would make of a config.json.',
    load: () => import('../commands/audit/bundle.ts'),
  },
  'audit:compose': {
    summary: 'Audit compose files: every service, with what it extends.',
    load: () => import('../commands/audit/compose.ts'),
  },
  'audit:container': {
    summary: 'Audit containers: what was planned, and what the kernel says is in force.',
    load: () => import('../commands/audit/container.ts'),
  },
  'audit:db': {
    summary: 'Import advisories of vulnerabilities, or say which there are.',
    load: () => import('../commands/audit/db.ts'),
  },
  'audit:diff': {
    summary: 'Compare two reports: what is new, what is fixed.',
    load: () => import('../commands/audit/diff.ts'),
  },
  'audit:dockerfile': {
    summary: 'Audit build files before anything is built from them.',
    load: () => import('../commands/audit/dockerfile.ts'),
  },
  'audit:engine': {
    summary: 'Audit docker, podman, containerd and CRI-O: the engine, its containers and its images.',
    load: () => import('../commands/audit/engine.ts'),
  },
  'audit:history': {
    summary: 'Show how scores have changed.',
    load: () => import('../commands/audit/history.ts'),
  },
  'audit:host': {
    summary: 'Audit this host: kernel, container engine, files.',
    load: () => import('../commands/audit/host.ts'),
  },
  'audit:image': {
    summary: 'Audit images: configuration, files, secrets, vulnerabilities.',
    load: () => import('../commands/audit/image.ts'),
  },
  'audit:kubernetes': {
    summary: 'Audit Kubernetes manifests: everything in them that makes pods.',
    load: () => import('../commands/audit/kubernetes.ts'),
  },
  'audit:merge': {
    summary: 'Make one report of the reports of many hosts.',
    load: () => import('../commands/audit/merge.ts'),
  },
  'image:build': {
    summary: 'Build an image from a Dockerfile.',
    load: () => import('../commands/image/build.ts'),
  },
  'image:debian': {
    summary: 'Build an image from Debian packages.',
    load: () => import('../commands/image/debian.ts'),
  },
  'image:history': {
    summary: 'Show how an image came to be, newest step first.',
    load: () => import('../commands/image/history.ts'),
  },
  'image:import': {
    summary: 'Bring an image in from a file or directory.',
    load: () => import('../commands/image/import.ts'),
  },
  'image:inspect': {
    summary: 'Show everything about an image, as JSON.',
    load: () => import('../commands/image/inspect.ts'),
  },
  'image:load': { summary: 'Bring all images of an archive in.', load: () => import('../commands/image/load.ts') },
  'image:ls': { summary: 'List images.', load: () => import('../commands/image/ls.ts') },
  'image:provenance': {
    summary: 'Print how an image was built.',
    load: () => import('../commands/image/provenance.ts'),
  },
  'image:prune': {
    summary: 'Remove blobs, layers and leftovers that no image and no container needs.',
    load: () => import('../commands/image/prune.ts'),
  },
  'image:pull': { summary: 'Fetch an image from its registry.', load: () => import('../commands/image/pull.ts') },
  'image:push': { summary: 'Send an image to a registry.', load: () => import('../commands/image/push.ts') },
  'image:rm': { summary: 'Remove images, and what only they needed.', load: () => import('../commands/image/rm.ts') },
  'image:save': { summary: 'Write images to an archive.', load: () => import('../commands/image/save.ts') },
  'image:sbom': {
    summary: 'Print the bill of materials of an image.',
    load: () => import('../commands/image/sbom.ts'),
  },
  'image:tag': { summary: 'Give an image further names.', load: () => import('../commands/image/tag.ts') },
  'image:sign': {
    summary: 'Sign an image in its registry with a key.',
    load: () => import('../commands/image/sign.ts'),
  },
  'image:trust': {
    summary: 'Fetch the trusted root of a sigstore instance, or show it.',
    load: () => import('../commands/image/trust.ts'),
  },
  'image:verify': {
    summary: 'Verify the signatures of an image, and explain each.',
    load: () => import('../commands/image/verify.ts'),
  },
  'policy:compile': {
    summary: 'Compile a policy for secure-runtime to enforce underneath docker, podman, containerd and CRI-O.',
    load: () => import('../commands/policy/compile.ts'),
  },
  'policy:diff': {
    summary: 'Say what a change of a policy changes, and about which files.',
    load: () => import('../commands/policy/diff.ts'),
  },
  'policy:explain': {
    summary: 'Say why rules decide as they do about something, with the values that they looked at.',
    load: () => import('../commands/policy/explain.ts'),
  },
  'policy:import': {
    summary: 'Write a policy of another tool as one of this.',
    load: () => import('../commands/policy/import.ts'),
  },
  'policy:init': { summary: 'Write a policy to start from.', load: () => import('../commands/policy/init.ts') },
  'policy:lint': {
    summary: 'Find what is allowed in policy files, and most likely not meant.',
    load: () => import('../commands/policy/lint.ts'),
  },
  'policy:push': {
    summary: 'Put a policy into a registry, for others to extend.',
    load: () => import('../commands/policy/push.ts'),
  },
  'policy:review': {
    summary: 'Hold images, build files, manifests and plans against the rules of a policy.',
    load: () => import('../commands/policy/review.ts'),
  },
  'policy:show': {
    summary: 'Print a policy with all that it extends, and where each value was said.',
    load: () => import('../commands/policy/show.ts'),
  },
  'policy:test': { summary: 'Run the tests of policy files.', load: () => import('../commands/policy/test.ts') },
  'policy:validate': {
    summary: 'Check policy files, and everything that they extend.',
    load: () => import('../commands/policy/validate.ts'),
  },
  'system:check': {
    summary: 'Verify everything in the image store.',
    load: () => import('../commands/system/check.ts'),
  },
  'system:info': { summary: 'What this host offers.', load: () => import('../commands/system/info.ts') },
  'system:install': {
    summary: 'Put the runtime and its policy underneath another engine.',
    load: () => import('../commands/system/install.ts'),
  },
  'system:prune': { summary: 'Remove what nothing uses.', load: () => import('../commands/system/prune.ts') },
};

export const TOPICS: Readonly<Record<string, string>> = {
  audit: 'Audits: host, engines, images, containers, bundles, build files, compose files, manifests; their reports.',
  image: 'Images: build, pull, push, import, save, load, list, inspect, tag, remove.',
  policy: 'Policies: start or import one, check, test, show, compare, explain, review with it.',
  system: 'This installation: information, verification, clean-up, other engines on it.',
};
