// SPDX-License-Identifier: Apache-2.0
// One stage of a build, instruction after instruction.
import { SecureError } from '../../errors.ts';
import { PRODUCT_VERSION } from '../../version.ts';
import { parseDockerfile } from '../images/dockerfile/parse.ts';
import { findStage } from '../images/dockerfile/stages.ts';
import type { DockerfileFacts, Stage as FileStage, Instruction } from '../images/dockerfile/types.ts';
import { pathOf } from '../images/layer/tree.ts';
import { resolveUser } from '../plan/user.ts';
import { addArchives, download, isGit, isUrl } from './add.ts';
import { checkFlags } from './check-flags.ts';
import { Copying, type CopyOptions, type Inline, inline } from './copy.ts';
import { parseIgnore } from './ignore.ts';
import { StageConfig } from './image-config.ts';
import { applyMetadata, type Instructed, workdir } from './metadata.ts';
import { parseMode } from './mode.ts';
import { invalid } from './problems.ts';
import { readRun } from './run-instruction.ts';
import { Scope } from './scope.ts';
import {
  addResult,
  factsOf,
  keptResult,
  knownResult,
  rememberResult,
  type Shared,
  type State,
  seconds,
  treeOf,
} from './shared.ts';
import type { SourceTree } from './sources.ts';
import { prepareMounts, StepMounts } from './step-mounts.ts';
import { runStep } from './step-run.ts';

export class StageBuild {
  readonly #shared: Shared;
  readonly #file: DockerfileFacts;
  readonly #stage: FileStage;
  readonly #globals: ReadonlyMap<string, string>;
  readonly #label: string;
  readonly #own = new Set<string>();
  #state: State = { config: StageConfig.empty({ os: 'linux', architecture: '' }), layers: [] };
  #scope: Scope;
  #number = 0;
  #count = 0;

  /** @param globals variables that stand before the first FROM, evaluated */
  constructor(shared: Shared, file: DockerfileFacts, stage: FileStage, globals: ReadonlyMap<string, string>) {
    this.#shared = shared;
    this.#file = file;
    this.#stage = stage;
    this.#globals = globals;
    this.#label = stage.alias ?? String(stage.index);
    this.#scope = new Scope(shared.request.args, globals, file.escaper);
  }

  /** @throws SecureError BUILD_FAILED, and everything of pulling and running */
  async build(): Promise<State> {
    const { request } = this.#shared;
    const [from, ...rest] = this.#stage.instructions;
    this.#count = rest.length + 1;
    if (from !== undefined) await this.#from(from);
    this.#scope = new Scope(request.args, this.#globals, this.#file.escaper, this.#state.config);
    const triggers = this.#state.config.takeTriggers();
    if (triggers.length > 0) {
      const name = `ONBUILD of ${this.#stage.from.value}`;
      const [stage] = parseDockerfile(`FROM scratch\n${triggers.join('\n')}\n`, name).stages;
      const instructions = stage?.instructions.slice(1) ?? [];
      this.#count += instructions.length;
      for (const instruction of instructions) await this.#step(instruction, name);
    }
    for (const instruction of rest) await this.#step(instruction, this.#file.name);
    return this.#state;
  }

  #say(text: string, cached: boolean): void {
    this.#number += 1;
    this.#shared.onEvent({ type: 'step', stage: this.#label, number: this.#number, of: this.#count, text, cached });
  }

  async #from(instruction: Instruction): Promise<void> {
    const { request } = this.#shared;
    const step = this.#instructed(instruction, this.#file.name);
    const platform = instruction.flags.find(({ name }) => name === 'platform')?.value;
    const own = [request.platform.os, request.platform.architecture].join('/');
    if (platform !== undefined && !`${step.expand(platform)}/`.startsWith(`${own}/`))
      throw invalid(
        step,
        `--platform=${platform}: images are built for ${own} only`,
        'leave it out, or build on such a machine',
      );
    const name = step.expand(this.#stage.from.raw);
    this.#say(`FROM ${name}`, false);
    const { base } = this.#stage;
    if (base.kind === 'stage') {
      const { config, layers } = await this.#shared.built(base.stage);
      this.#state = { config: config.copy(), layers: [...layers] };
    } else if (name === 'scratch') {
      this.#state = { config: StageConfig.empty(request.platform), layers: [] };
    } else if (name === '') {
      throw invalid(
        step,
        'the image is empty once its variables are replaced',
        'give a default: ARG NAME=VALUE before FROM, or --build-arg',
      );
    } else {
      const { state } = await this.#shared.image(name);
      this.#state = { config: state.config.copy(), layers: [...state.layers] };
    }
  }

  #instructed(instruction: Instruction, file: string): Instructed {
    return { instruction, file, expand: (raw) => this.#scope.word(raw, instruction, file) };
  }

  async #step(instruction: Instruction, file: string): Promise<void> {
    this.#shared.signal?.throwIfAborted();
    const step = this.#instructed(instruction, file);
    const { config } = this.#state;
    if (instruction.onbuild) {
      config.fields.OnBuild = [...(config.fields.OnBuild ?? []), instruction.source];
      this.#say(instruction.text, false);
      config.say(`ONBUILD ${instruction.text}`);
      return;
    }
    checkFlags(step);
    try {
      await this.#dispatch(step);
    } catch (error) {
      throw placed(error, step);
    }
  }

  async #dispatch(step: Instructed): Promise<void> {
    const { instruction } = step;
    const { config } = this.#state;
    switch (instruction.keyword) {
      case 'ARG':
        this.#scope.declare(instruction.settings);
        this.#say(instruction.text, false);
        config.say(instruction.text);
        return;
      case 'RUN':
        return this.#run(step);
      case 'COPY':
      case 'ADD':
        return this.#copy(step);
      case 'WORKDIR': {
        config.fields.WorkingDir = workdir(step, config);
        return this.#files(`WORKDIR ${config.fields.WorkingDir}`, undefined, async (copying) =>
          copying.directory(config.fields.WorkingDir ?? '/'),
        );
      }
      default:
        if (!applyMetadata(step, config, this.#own)) throw invalid(step, 'it cannot stand here');
        this.#say(instruction.text, false);
        config.say(instruction.text);
    }
  }

  /**
   * A layer of files that `fill` puts together.
   * @param parts what it depends on beside the files below it, where that can be said without looking at what is copied
   */
  async #files(
    text: string,
    options: Partial<CopyOptions> | undefined,
    fill: (copying: Copying, close: (() => void)[]) => Promise<void>,
    parts?: readonly string[],
  ): Promise<void> {
    const shared = this.#shared;
    const { epoch } = shared.request;
    const short = parts && ['copy-of', JSON.stringify(this.#state.config.diffIds), ...parts, String(epoch ?? '')];
    const known = short && knownResult(shared, short);
    if (known !== undefined) {
      this.#say(text, true);
      addResult(this.#state, known, { created_by: text });
      return;
    }
    const below = await treeOf(shared, this.#state);
    const close: (() => void)[] = [() => below.close()];
    try {
      const defaults = {
        owner: undefined,
        mode: undefined,
        parents: false,
        exclude: undefined,
        latest: epoch,
        now: seconds(shared),
      };
      const copying = new Copying(below, { ...defaults, ...options });
      // It may wait for another stage, which needs a place too.
      await fill(copying, close);
      const key = ['copy', copying.digest, String(epoch ?? '')];
      const { result, hit } = await shared.limited(() => keptResult(shared, key, (write) => write(copying.members)));
      if (short !== undefined) await rememberResult(shared, short, result);
      this.#say(text, hit);
      addResult(this.#state, result, { created_by: text });
    } finally {
      for (const action of close.reverse()) action();
    }
  }

  /** `--chown`: a number alone is user and group, a name has its group in the image's passwd file. */
  async #owner(step: Instructed): Promise<CopyOptions['owner']> {
    const flag = step.instruction.flags.find(({ name }) => name === 'chown')?.value;
    if (flag === undefined) return undefined;
    const text = step.expand(flag);
    const { passwd, group } = await factsOf(this.#shared, this.#state);
    return resolveUser(/^\d+$/.test(text) ? `${text}:${text}` : text, { passwd, group, from: `--chown=${text}` });
  }

  #mode(step: Instructed): CopyOptions['mode'] {
    const flag = step.instruction.flags.find(({ name }) => name === 'chmod')?.value;
    if (flag === undefined) return undefined;
    const text = step.expand(flag);
    const mode = parseMode(text);
    if (mode !== undefined) return mode;
    throw invalid(
      step,
      `--chmod=${text} is no mode`,
      'give three or four octal digits, or as chmod has it: u=rwX,go=rX',
    );
  }

  async #copy(step: Instructed): Promise<void> {
    const { instruction } = step;
    const { flags, keyword } = instruction;
    const flag = (name: string) => flags.find((each) => each.name === name)?.value;
    const raw = instruction.words.map(({ raw: word }) => word);
    const expanded = raw.map((word) => (instruction.json ? word : step.expand(word)));
    const to = expanded.pop();
    if (to === undefined || expanded.length === 0) throw invalid(step, 'it takes sources and a destination');
    const directory = this.#state.config.fields.WorkingDir || '/';
    const target = to.startsWith('/') ? to : `${directory.replace(/\/$/, '')}/${to}`;
    const excluded = flags.filter(({ name }) => name === 'exclude').map(({ value }) => step.expand(value));
    const options = {
      owner: await this.#owner(step),
      mode: this.#mode(step),
      parents: flag('parents') !== undefined && flag('parents') !== 'false',
      exclude: excluded.length === 0 ? undefined : parseIgnore(excluded.join('\n'), `--exclude of ${keyword}`),
    };
    const from = flag('from');
    const fill = async (copying: Copying, close: (() => void)[]) => {
      const { files, words } = await this.#inline(step, expanded);
      if (files.length > 0)
        copying.fromData(files, files.length + words.length > 1 && !target.endsWith('/') ? `${target}/` : target);
      if (words.length === 0) return;
      const source = await this.#source(step, close);
      const paths = words.map((word) => pathOf(word).replace(/^(?:\/|\.\/|\.\.\/)+/, '') || '.');
      const plain = keyword === 'ADD' ? await addArchives(this.#shared, source, paths, target, copying, close) : paths;
      if (plain.length > 0) copying.fromTree(source, plain, target);
    };
    // Layers that are copied from, and to, say what is in them.
    const parts =
      from === undefined || instruction.heredocs.length > 0
        ? undefined
        : [
            JSON.stringify((await this.#stateOf(step.expand(from))).config.diffIds),
            JSON.stringify(flags.map(({ name, value }) => [name, step.expand(value)])),
            JSON.stringify([...expanded, target]),
          ];
    await this.#files(instruction.text, options, fill, parts);
  }

  /** Here-documents and files of the network, and the words that are paths. */
  async #inline(step: Instructed, words: readonly string[]): Promise<{ files: Inline[]; words: string[] }> {
    const { instruction } = step;
    const files: Inline[] = [];
    const rest: string[] = [];
    const documents = [...instruction.heredocs];
    for (const word of words) {
      const heredoc = documents.length > 0 && word.startsWith('<<') ? documents.shift() : undefined;
      if (heredoc !== undefined) {
        const text = heredoc.expand ? this.#scope.text(heredoc.content) : heredoc.content;
        files.push(inline(heredoc.name, Buffer.from(text), 0o644, seconds(this.#shared)));
      } else if (instruction.keyword === 'ADD' && isGit(word)) {
        throw invalid(
          step,
          `${word}: repositories are not cloned by the builder`,
          'clone it before the build, or in a RUN with the commit that is wanted',
        );
      } else if (instruction.keyword === 'ADD' && isUrl(word)) files.push(await this.#download(step, word));
      else rest.push(word);
    }
    return { files, words: rest };
  }

  async #download(step: Instructed, word: string): Promise<Inline> {
    const { policy, network } = this.#shared.request;
    const { value, by } = policy.run.network;
    if (network === 'none' || value === 'none')
      throw invalid(
        step,
        `${word}: this build has no network (${network === 'none' ? '--network none' : `${by.policy}:${by.line}`})`,
        'put the file into the build context',
      );
    const checksum = step.instruction.flags.find(({ name }) => name === 'checksum')?.value;
    if (checksum === undefined)
      this.#shared.onEvent({
        type: 'warning',
        text: `ADD ${word} has no --checksum: whatever the server sends goes into the image`,
      });
    const file = await download(word, checksum === undefined ? undefined : step.expand(checksum), this.#shared.signal);
    this.#shared.downloads.set(word, file.sha256);
    return file;
  }

  /** What COPY copies from. */
  async #source(step: Instructed, close: (() => void)[]): Promise<SourceTree> {
    const from = step.instruction.flags.find(({ name }) => name === 'from')?.value;
    if (from === undefined) {
      const { context } = this.#shared;
      if (context !== undefined) return context;
      throw invalid(step, 'there is no build context', 'give a directory to build from');
    }
    const name = step.expand(from);
    const tree = await treeOf(this.#shared, await this.#stateOf(name));
    close.push(() => tree.close());
    return { tree, ignore: undefined, what: name };
  }

  /** A stage before this one by its name or number, else an image. */
  async #stateOf(name: string): Promise<State> {
    const stage = findStage(this.#file.stages.slice(0, this.#stage.index), name);
    if (stage !== undefined) return this.#shared.built(stage.index);
    return (await this.#shared.image(name)).state;
  }

  async #run(step: Instructed): Promise<void> {
    const shared = this.#shared;
    const { instruction } = step;
    const { request, roots, host } = shared;
    const { config } = this.#state;
    const { args, script, mounts, network, given, proxies } = readRun(step, config, this.#scope.args, request);
    const close: (() => void)[] = [];
    const ready = new StepMounts(shared);
    const below = await treeOf(shared, this.#state);
    try {
      const prepared = await prepareMounts(shared, mounts, (name) => this.#stateOf(name), close);
      await shared.limited(async () => {
        const key = [
          'run',
          PRODUCT_VERSION,
          config.digest,
          JSON.stringify(config.diffIds),
          JSON.stringify(args),
          JSON.stringify(script ?? null),
          JSON.stringify(given),
          network ?? 'default',
          JSON.stringify(prepared.map((one) => one.key)),
          String(request.epoch ?? ''),
          JSON.stringify(request.policy.run, (_, value: unknown) =>
            typeof value === 'number' ? String(value) : value,
          ),
        ];
        const { result, hit } = await keptResult(shared, key, async (write) => {
          this.#say(instruction.text, false);
          const made = await ready.ready(prepared);
          const all = script === undefined ? made.mounts : [...made.mounts, ready.script(script.name, script.text)];
          const image = await factsOf(shared, this.#state);
          const onLine = (line: string) => shared.onEvent({ type: 'output', stage: this.#label, line });
          const { policy, networkSettings } = request;
          const context = {
            policy,
            host,
            network: networkSettings,
            roots,
            directory: shared.stage.directory,
            signal: shared.signal,
            onLine,
          };
          const running = { args, env: [...given, ...proxies], image, network, mounts: all, secrets: made.secrets };
          return runStep(running, context, below, request.epoch, write);
        });
        if (hit) this.#say(instruction.text, true);
        const told = given.length === 0 ? [] : [`|${given.length}`, ...given];
        addResult(this.#state, result, {
          created_by: ['RUN', ...told, ...(script === undefined ? args : [script.text])].join(' '),
        });
      });
    } finally {
      await ready.close();
      for (const action of close.reverse()) action();
      below.close();
    }
  }
}

/** An error of a step says where the step stands. */
function placed(error: unknown, { instruction, file }: Instructed): unknown {
  if (!(error instanceof SecureError) || error.position !== undefined) return error;
  const line = instruction.region.startLine;
  const { code, hint, exitCode } = error;
  return new SecureError(code, `${file}:${line}: ${instruction.keyword}: ${error.message}`, {
    ...(hint === undefined ? {} : { hint }),
    exitCode,
    cause: error,
    position: { file, line },
  });
}
