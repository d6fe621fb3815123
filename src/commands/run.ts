// SPDX-License-Identifier: Apache-2.0

import { checkArgvEncoding } from '../cli/argv-utf8.ts';
import { Command } from '../cli/command.ts';
import { RUN_FLAGS } from '../cli/run/flags.ts';
import { pullOf } from '../cli/run/pull.ts';
import { readRequest } from '../cli/run/request.ts';
import { ExitCode } from '../errors.ts';
import { readConfig } from '../runtime/config.ts';
import { rootsFromEnv } from '../runtime/images/roots.ts';
import { Inputs } from '../runtime/inputs.ts';
import { becomeRuntime, planKey, requireRoot, storePlan } from '../runtime/launch.ts';
import { planJson } from '../runtime/plan/json.ts';
import { ruleWarnings } from '../runtime/rules.ts';
import { PRODUCT_VERSION } from '../version.ts';

export default class Run extends Command {
  static override id = 'run';
  static override summary = 'Run a command in a new container.';
  static override description =
    'Flags come before the image; everything after the image belongs to the container and is passed on as it stands. ' +
    'Exit code: 125 when the container could not be run, 126 when the command cannot be executed, 127 when it does not ' +
    'exist, else that of the command, 128+N for signal N.';
  static override usage = 'run [FLAGS] IMAGE [COMMAND] [ARGUMENT…]';
  static override examples = [
    '$ secure run --rm busybox echo hello',
    '$ secure run -it --rm --profile strict busybox sh',
    '$ secure run -d --name web -m 256m -p 8080:80 -v ./site:/srv:ro busybox httpd -f -h /srv',
    '$ secure run -d --profile strict -p 8080:80 nginx',
    '$ secure run --dry-run --profile strict busybox',
  ];
  static override flags = RUN_FLAGS;
  static override verbatim = true;
  static override failureCode = ExitCode.container;

  async run(): Promise<number | undefined> {
    const { flags, argv } = await this.parse(Run);
    checkArgvEncoding(argv);
    const euid = process.geteuid?.() ?? -1;
    requireRoot(euid);
    const [cwd, roots, inputs] = [process.cwd(), rootsFromEnv(), new Inputs()];
    const { profile, origin, network } = await readConfig(flags.profile, cwd, inputs);
    const request = await readRequest(flags, argv, profile, cwd, inputs);
    // Loaded last: a mistake on the command line is answered without the policy language.
    const { preparePlan } = await import('../runtime/prepare.ts');
    const pull = pullOf(flags, this.jsonEnabled());
    const plan = await preparePlan({ ...request, profile }, cwd, inputs, roots, pull, network);
    if (flags['dry-run'] || flags.explain) {
      const { planText, reasonsText } = await import('../cli/run/render.ts');
      if (flags['dry-run']) {
        if (this.jsonEnabled()) this.log(planJson(plan, 2));
        else this.log(planText(plan, origin));
        return ExitCode.ok;
      }
      this.note(reasonsText(plan));
    }
    for (const line of ruleWarnings(plan.secure.reasons)) this.note(line);
    const { apparmor } = plan.secure;
    if (apparmor !== undefined) {
      const { loadAppArmor } = await import('../runtime/apparmor.ts');
      loadAppArmor(plan.process.apparmorProfile ?? '', apparmor);
    }
    const key = planKey({ argv: this.argv, cwd, euid, product: PRODUCT_VERSION });
    const path = await storePlan(planJson(plan), key, roots);
    return becomeRuntime([...(this.jsonEnabled() ? ['--error-format', 'json'] : []), 'launch', path], roots);
  }
}
