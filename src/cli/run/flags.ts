// SPDX-License-Identifier: Apache-2.0
// The flags of `secure run`: the one table that argv is split by, values are read by and help is printed from.
import { Flags } from '../command.ts';
import { asTyped, valueFlag, valuesFlag } from '../definitions.ts';
import { parseDnsOption, parseDomain, parseHost, parseServer } from '../values/address.ts';
import { parseLogOption, parseRestart } from '../values/monitor.ts';
import { parseMount, parseTmpfs, parseVolume } from '../values/mount.ts';
import { parseAbsolute, parseHostname, parseName } from '../values/name.ts';
import { parseCores, parseCpuset, parseInteger } from '../values/number.ts';
import { parsePublish } from '../values/port.ts';
import { parseSignal } from '../values/signal.ts';
import { parseSize, parseSizeOrUnlimited } from '../values/size.ts';
import { parseDuration, parseSeconds } from '../values/time.ts';
import { parseUlimit } from '../values/ulimit.ts';

/** PID_MAX_LIMIT of a 64-bit kernel. */
const PIDS = 4_194_304;

const process = {
  interactive: Flags.boolean({ char: 'i', description: 'Keep stdin open.' }),
  tty: Flags.boolean({ char: 't', description: 'Give the container a terminal.' }),
  detach: Flags.boolean({ char: 'd', description: 'Run in the background and print the id.' }),
  rm: Flags.boolean({ description: 'Remove the container when it ends.' }),
  name: valueFlag(parseName, { description: 'Name of the container.', helpValue: 'NAME' }),
  env: valuesFlag(asTyped, {
    char: 'e',
    description: 'Variable; without a value, the one set here.',
    helpValue: 'NAME[=VALUE]',
  }),
  'env-file': valuesFlag(asTyped, { description: 'File of variables, one NAME=VALUE per line.', helpValue: 'FILE' }),
  workdir: valueFlag(parseAbsolute, { char: 'w', description: 'Working directory.', helpValue: 'PATH' }),
  user: valueFlag(asTyped, { char: 'u', description: 'User, by name or number.', helpValue: 'USER[:GROUP]' }),
  'group-add': valuesFlag(asTyped, { description: 'Supplementary group.', helpValue: 'GROUP' }),
  entrypoint: valueFlag(asTyped, {
    description: "Replace the image's entry point; '' clears it.",
    helpValue: 'PROGRAM',
  }),
  hostname: valueFlag(parseHostname, { char: 'h', description: 'Host name.', helpValue: 'NAME' }),
  'stop-signal': valueFlag(parseSignal, { description: 'Signal that asks it to end.', helpValue: 'SIGNAL' }),
  'stop-timeout': valueFlag(parseSeconds, { description: 'Time to end before SIGKILL.', helpValue: 'SECONDS' }),
};

const monitor = {
  restart: valueFlag(parseRestart, {
    description: 'Start it again when it ends; needs -d.',
    helpValue: 'no|on-failure[:N]|always|unless-stopped',
  }),
  'log-driver': Flags.string({
    description: 'Where its output is kept: lines of JSON, bytes as they come, or nowhere.',
    options: ['json-file', 'local', 'none'],
  }),
  'log-opt': valuesFlag(parseLogOption, {
    description: 'Bounds of the log.',
    helpValue: 'max-size=SIZE|max-file=NUMBER',
  }),
  'health-cmd': valueFlag(asTyped, { description: 'Command that tells whether it works.', helpValue: 'LINE' }),
  'health-interval': valueFlag(parseDuration, { description: 'Time between two of them.', helpValue: 'TIME' }),
  'health-timeout': valueFlag(parseDuration, { description: 'Time that one has.', helpValue: 'TIME' }),
  'health-start-period': valueFlag(parseDuration, {
    description: 'Time in which failures do not count.',
    helpValue: 'TIME',
  }),
  'health-start-interval': valueFlag(parseDuration, {
    description: 'Time between two of them in the start period.',
    helpValue: 'TIME',
  }),
  'health-retries': valueFlag((flag, text) => parseInteger(flag, text, 1, 1000), {
    description: 'Failures in a row until it is unhealthy.',
    helpValue: 'NUMBER',
  }),
  'no-healthcheck': Flags.boolean({ description: "Without the image's health check." }),
};

const files = {
  volume: valuesFlag(parseVolume, {
    char: 'v',
    description: 'Show a path of the host.',
    helpValue: 'SOURCE:DESTINATION[:OPTIONS]',
  }),
  mount: valuesFlag(parseMount, { description: 'The same or a tmpfs, spelled out.', helpValue: 'type=…,target=…' }),
  tmpfs: valuesFlag(parseTmpfs, { description: 'Empty directory in memory.', helpValue: 'DESTINATION[:OPTIONS]' }),
  'read-only': Flags.boolean({ description: 'Nothing of the image can be written.' }),
};

const confinement = {
  profile: valueFlag(asTyped, { description: 'baseline, default, strict or a policy file.', helpValue: 'PROFILE' }),
  enforcement: Flags.string({
    description: 'Whether a control that is only wished for may be missing.',
    options: ['required', 'best-effort'],
    default: 'required',
  }),
  trust: Flags.boolean({ description: 'Accept an imported image where the profile would refuse it.' }),
  privileged: Flags.boolean({ description: 'Refused unless the policy grants it.' }),
  'cap-add': valuesFlag(asTyped, { description: 'Capability to add, within the ceiling.', helpValue: 'CAPABILITY' }),
  'cap-drop': valuesFlag(asTyped, { description: 'Capability to take away.', helpValue: 'CAPABILITY' }),
  'security-opt': valuesFlag(asTyped, {
    description: 'Such as no-new-privileges or seccomp=FILE.',
    helpValue: 'OPTION',
  }),
};

const network = {
  network: Flags.string({
    aliases: ['net'],
    description: 'Whether it is attached to the bridge; when not given, when something needs it.',
    options: ['bridge', 'none'],
  }),
  publish: valuesFlag(parsePublish, {
    char: 'p',
    description: 'Port to reach from outside.',
    helpValue: '[[ADDRESS:]PORT:]PORT[/udp]',
  }),
  'publish-all': Flags.boolean({ char: 'P', description: 'Every port that the image exposes, on free ports.' }),
  dns: valuesFlag(parseServer, { description: "Name server instead of the host's.", helpValue: 'ADDRESS' }),
  'dns-search': valuesFlag(parseDomain, { description: 'Search domain; . for none.', helpValue: 'DOMAIN' }),
  'dns-option': valuesFlag(parseDnsOption, {
    aliases: ['dns-opt'],
    description: 'Option of resolv.conf.',
    helpValue: 'OPTION',
  }),
  'add-host': valuesFlag(parseHost, {
    description: 'Name in /etc/hosts; host-gateway is this host.',
    helpValue: 'NAME:ADDRESS',
  }),
  'proxy-env': Flags.boolean({ description: 'Pass on HTTPS_PROXY and the like as they are set here.' }),
  'extra-ca': valuesFlag(asTyped, { description: 'Certificates to trust besides.', helpValue: 'FILE' }),
};

const limits = {
  memory: valueFlag(parseSize, { char: 'm', description: 'Memory.', helpValue: 'SIZE' }),
  'memory-swap': valueFlag(parseSizeOrUnlimited, {
    description: 'Memory and swap together; -1: no limit.',
    helpValue: 'SIZE',
  }),
  cpus: valueFlag(parseCores, { description: 'Cores, in fractions.', helpValue: 'NUMBER' }),
  'cpuset-cpus': valueFlag(parseCpuset, { description: 'Processors it may run on.', helpValue: '0-3,7' }),
  'pids-limit': valueFlag((flag, text) => parseInteger(flag, text, 1, PIDS), {
    description: 'Processes.',
    helpValue: 'NUMBER',
  }),
  'shm-size': valueFlag(parseSize, { description: 'Size of /dev/shm.', helpValue: 'SIZE' }),
  ulimit: valuesFlag(parseUlimit, { description: 'Resource limit of each process.', helpValue: 'NAME=SOFT[:HARD]' }),
};

const ours = {
  pull: Flags.string({
    description: 'When to fetch the image from its registry.',
    options: ['missing', 'always', 'never'],
    default: 'missing',
  }),
  'dry-run': Flags.boolean({ description: 'Print what would be done, and why, without doing it.' }),
  explain: Flags.boolean({ description: 'Print each hardening decision on stderr, then run.' }),
};

const grouped = <T extends Record<string, object>>(helpGroup: string, flags: T): T =>
  Object.fromEntries(Object.entries(flags).map(([name, flag]) => [name, { ...flag, helpGroup }])) as T;

export const RUN_FLAGS = {
  ...grouped('process', process),
  ...grouped('monitor', monitor),
  ...grouped('files', files),
  ...grouped('confinement', confinement),
  ...grouped('network', network),
  ...grouped('limits', limits),
  ...ours,
};
