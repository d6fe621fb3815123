// SPDX-License-Identifier: Apache-2.0
import { Args, Command, Flags } from '../cli/command.ts';
import { valueFlag } from '../cli/definitions.ts';
import { type Column, table } from '../cli/table.ts';
import { parseInteger } from '../cli/values/number.ts';
import { parseReference } from '../runtime/images/reference.ts';
import { type Found, listTags, search } from '../runtime/registry/search.ts';

const COLUMNS: Column<Found>[] = [
  { title: 'NAME', value: ({ name }) => name },
  { title: 'STARS', value: ({ stars }) => (stars === null ? '' : String(stars)) },
  { title: 'OFFICIAL', value: ({ official }) => (official ? 'yes' : '') },
  { title: 'DESCRIPTION', value: ({ description }) => description.slice(0, 60) },
];

export default class Search extends Command {
  static override id = 'search';
  static override summary = 'Search a registry for images, or list the tags of one.';
  static override description =
    'Without a registry, Docker Hub; with one, the catalog of its repositories, where it has one that we may read. The names are what registries ' +
    'and their users say, not a recommendation.';
  static override examples = [
    '$ secure search nginx',
    '$ secure search registry.example/team',
    '$ secure search --list-tags registry.example/team/app',
  ];
  static override args = { term: Args.string({ required: true, description: '[REGISTRY/]TERM.' }) };
  static override flags = {
    limit: valueFlag((flag, text) => parseInteger(flag, text, 1, 1_000_000), {
      description: 'At most so many; 25, all tags.',
      helpValue: 'N',
    }),
    'list-tags': Flags.boolean({ description: 'The tags of a repository.' }),
  };

  async run(): Promise<undefined> {
    const { args, flags } = await this.parse(Search);
    const options = {
      ...(flags.limit === undefined ? {} : { limit: flags.limit }),
      warn: (text: string) => this.warn(text),
    };
    const { more, ...listed } = flags['list-tags']
      ? await listTags(parseReference(args.term), options)
      : await search(args.term, options);
    if (this.jsonEnabled()) this.logJson({ ...listed, more });
    else if ('tags' in listed) for (const tag of listed.tags) this.log(tag);
    else this.log(table(listed.results, COLUMNS));
    if (more) this.note('there are more: see --limit');
  }
}
