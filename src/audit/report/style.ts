// SPDX-License-Identifier: Apache-2.0

/** The style sheet of the page. Its hash is in the page's content security policy, so no other style applies. */
export const STYLE = `
:root { color-scheme: light dark;
  --ground: #f6f7f9; --card: #fff; --ink: #16202c; --soft: #5a6675; --line: #dde2e8; --link: #1456b8;
  --critical: #9f1239; --high: #c2410c; --medium: #a16207; --low: #475569; --good: #15803d; }
@media (prefers-color-scheme: dark) { :root {
  --ground: #10151c; --card: #18202a; --ink: #e4eaf1; --soft: #9aa7b6; --line: #2b3644; --link: #7db4ff;
  --critical: #fb7185; --high: #fb923c; --medium: #facc15; --low: #94a3b8; --good: #4ade80; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 62rem; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.7rem; } h2 { font-size: 1rem; margin: 2rem 0 .6rem; color: var(--soft); font-weight: 600; }
h1, h3, h4, header p { margin: 0; } h3 { font-size: 1.3rem; } h4 { font-size: 1rem; }
a { color: var(--link); } code { font: .88em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace;
  background: var(--ground); border: 1px solid var(--line); border-radius: 4px; padding: .05em .35em; }
.meta, .kind, .id, .why { color: var(--soft); } .kind { font-size: .8rem; text-transform: uppercase; letter-spacing: .06em; }
.id { font: .8rem ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; white-space: nowrap; }
header { display: flex; gap: 1.25rem; align-items: center; }
.ring { width: 5rem; flex: none; } .top .ring { width: 7rem; }
.ring circle { fill: none; stroke-width: 9; } .track { stroke: var(--line); } .arc { stroke: currentColor; }
.ring text { fill: var(--ink); font-size: 28px; font-weight: 650; text-anchor: middle; dominant-baseline: central; }
.good { color: var(--good); } .fair { color: var(--medium); } .poor { color: var(--critical); } .none { color: var(--line); }
.filters { display: grid; grid-template-columns: repeat(auto-fit, minmax(8rem, 1fr)); gap: .75rem; }
.filter { position: relative; display: flex; flex-direction: column; padding: .8rem 1rem; background: var(--card); cursor: pointer;
  border: 1px solid var(--line); border-left: 5px solid currentColor; border-radius: 8px; }
.filter input { position: absolute; top: .8rem; right: .8rem; accent-color: currentColor; }
.filter:not(:has(:checked)) { opacity: .55; } .filter:focus-within { outline: 2px solid var(--link); }
.number { font-size: 1.8rem; font-weight: 650; line-height: 1.1; } .name { color: var(--ink); text-transform: capitalize; }
.critical { color: var(--critical); } .high { color: var(--high); } .medium { color: var(--medium); } .low { color: var(--low); }
.scroll { margin-top: 1.5rem; overflow-x: auto; }
table { width: 100%; border-collapse: collapse; background: var(--card); }
th, td { padding: .5rem .75rem; border: 1px solid var(--line); text-align: left; }
td, th { white-space: nowrap; } td:nth-child(2) { width: 100%; min-width: 14rem; white-space: normal; }
th { font-size: .8rem; color: var(--soft); text-transform: capitalize; } td[class] { font-weight: 650; }
section { margin-top: 2.5rem; } section > header { margin-bottom: 1rem; }
.finding { margin: .75rem 0; padding: .9rem 1.1rem; background: var(--card); border: 1px solid var(--line);
  border-left: 5px solid currentColor; border-radius: 8px; break-inside: avoid; }
.finding > * { color: var(--ink); } .finding .id { color: var(--soft); font-weight: 400; }
.badge { display: inline-block; padding: 0 .5em; margin-right: .3em; border: 1px solid currentColor; border-radius: 99px;
  font-size: .75rem; text-transform: uppercase; letter-spacing: .04em; }
.critical .badge { color: var(--critical); } .high .badge { color: var(--high); }
.medium .badge { color: var(--medium); } .low .badge { color: var(--low); }
.problems { margin: .6rem 0; padding-left: 1.2rem; } .fix { margin: .6rem 0; }
.fix strong { display: block; font-size: .8rem; color: var(--soft); }
.tag { padding: .1em .55em; border: 1px solid var(--line); border-radius: 99px; font-size: .8rem; }
summary { cursor: pointer; color: var(--soft); } .group { margin: .75rem 0; } .group li { margin: .25rem 0; }
.why { display: block; font-size: .9rem; }
${['critical', 'high', 'medium', 'low']
  .map((severity) => `body:has(#show-${severity}:not(:checked)) .finding.${severity} { display: none; }`)
  .join('\n')}
@media print {
  :root { --ground: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb; --link: #000;
    --critical: #9f1239; --high: #c2410c; --medium: #a16207; --low: #475569; --good: #15803d; }
  body { max-width: none; padding: 0; font-size: 10.5pt; } .filter input { display: none; }
  * { print-color-adjust: exact; } details::details-content { content-visibility: visible; height: auto; }
}
`;
