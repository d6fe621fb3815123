// SPDX-License-Identifier: Apache-2.0

const LIGHT = `--ground: #f4f5f8; --card: #fff; --ink: #141b26; --soft: #56616f; --line: #dfe3ea; --track: #e6e9ef; --link: #2447c5; --fill: #f2f5fb;
  --critical: #a8123b; --high: #b93a0b; --medium: #8a5a00; --low: #49566a; --good: #157338; --fair: #c27f00; --na: #c9d0da;
  --shadow: 0 1px 2px rgb(20 27 38 / .05), 0 6px 20px rgb(20 27 38 / .05);`;
const DARK = `--ground: #0d1219; --card: #161d27; --ink: #e6ebf2; --soft: #9aa6b5; --line: #273140; --track: #273140; --link: #8db4ff; --fill: #1b2431;
  --critical: #ff7d96; --high: #ff9a5c; --medium: #f2c14e; --low: #a3b0c2; --good: #55d187; --fair: #f2c14e; --na: #435064;
  --shadow: none;`;
const MONO = 'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace';

/** The style sheet of the page. Its hash is in the page's content security policy, so no other style applies. */
export const STYLE = `
:root { color-scheme: light; ${LIGHT} }
@media (prefers-color-scheme: dark) { :root { color-scheme: dark; ${DARK} } }
:root[data-theme=light] { color-scheme: light; ${LIGHT} }
:root[data-theme=dark] { color-scheme: dark; ${DARK} }
* { box-sizing: border-box; } [hidden] { display: none !important; }
html { scroll-padding-top: 1rem; }
body { margin: 0 auto; padding: 0 1.25rem 4rem; max-width: 68rem; background: var(--ground); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; overflow-wrap: anywhere; }
h1, h3, h4, p, ul { margin: 0; } ul { padding: 0; list-style: none; }
h1 { font-size: 1.9rem; line-height: 1.2; letter-spacing: -.02em; } h3 { font-size: 1.15rem; } h4 { font-size: 1rem; line-height: 1.4; }
h2 { margin: 3rem 0 .25rem; font-size: 1.35rem; letter-spacing: -.01em; }
a { color: var(--link); text-underline-offset: .15em; } :focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
code { padding: .08em .35em; border: 1px solid var(--line); border-radius: 5px; background: var(--fill); font: .86em ${MONO}; }
button { padding: .3em .9em; border: 1px solid var(--line); border-radius: 99px; background: var(--card); color: var(--ink); font: inherit; font-size: .875rem; cursor: pointer; }
button:hover { border-color: var(--link); }
.soft, .lead { color: var(--soft); font-size: .925rem; } .lead { margin-bottom: 1rem; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 14px; box-shadow: var(--shadow); }
.good { color: var(--good); } .fair { color: var(--medium); } .poor { color: var(--critical); } .none { color: var(--soft); }
.critical { color: var(--critical); } .high { color: var(--high); } .medium { color: var(--medium); } .low { color: var(--low); }
.top { display: flex; gap: 1.25rem; align-items: center; justify-content: flex-end; padding: 1rem 0; font-size: .925rem; }
.top a { color: var(--soft); text-decoration: none; } .top a:hover { color: var(--ink); }
.skip { position: absolute; left: -99rem; } .skip:focus { position: static; margin-right: auto; }
.ring { flex: none; } .ring.big { width: 9.5rem; } .ring.small { width: 4rem; }
.ring circle { fill: none; stroke-width: 8; } .track { stroke: var(--track); } .arc { stroke: currentColor; stroke-linecap: round; } .fair .arc { stroke: var(--fair); } .trend.fair { color: var(--fair); }
.ring text { fill: var(--ink); font-size: 30px; font-weight: 680; text-anchor: middle; dominant-baseline: central; letter-spacing: -.03em; }
.ring .of { fill: var(--soft); font-size: 9.5px; font-weight: 500; letter-spacing: 0; }
.hero { display: flex; flex-wrap: wrap; gap: 1.5rem 2rem; align-items: center; padding: 1.75rem 2rem; }
.words { flex: 1 1 18rem; } .sentence { margin: .25rem 0 .75rem; font-size: 1.15rem; } .meta { margin-top: .2rem; }
.trend { margin: 0; flex: 0 1 16rem; } .trend svg { width: 100%; } .trend .grid { stroke: var(--line); fill: none; }
.trend polyline { fill: none; stroke: currentColor; stroke-width: 2.5; stroke-linejoin: round; stroke-linecap: round; }
.trend polygon { fill: currentColor; opacity: .12; } .trend circle { fill: currentColor; }
.trend figcaption { color: var(--soft); font-size: .85rem; } .trend strong { color: var(--ink); }
.tiles { display: grid; grid-template-columns: repeat(4, 1fr); gap: 1rem; margin-top: 1rem; }
.tile { position: relative; display: flex; gap: .6rem; align-items: baseline; padding: 1rem 1.25rem .9rem; overflow: hidden; border: 1px solid var(--line); border-radius: 14px; background: var(--card); box-shadow: var(--shadow); }
.tile::before { content: ""; position: absolute; inset: 0 0 auto; height: 4px; background: currentColor; } .tile.zero { color: var(--soft); } .tile.zero::before { background: var(--line); }
.number { font-size: 2rem; font-weight: 680; line-height: 1.2; letter-spacing: -.03em; } .name { color: var(--soft); text-transform: capitalize; }
.notes { margin-top: 1rem; padding: 1rem 1.25rem; } .notes h2 { margin: 0 0 .35rem; font-size: 1rem; } .notes li { color: var(--soft); font-size: .925rem; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 1rem; }
.section { display: grid; grid-template-columns: auto 1fr; gap: .75rem 1rem; align-items: center; padding: 1.1rem 1.25rem; }
.section .bar, .parts { grid-column: 1 / -1; } .parts { font-size: .85rem; }
.bar { display: block; width: 100%; height: 8px; border-radius: 99px; background: var(--track); }
.bar .fail { fill: var(--critical); } .bar .unknown { fill: var(--medium); } .bar .pass { fill: var(--good); } .bar .not-applicable { fill: var(--na); }
.filters { display: flex; flex-wrap: wrap; gap: .75rem 1.5rem; align-items: start; margin: .75rem 0 1rem; padding: 1rem 1.25rem; }
.filters fieldset { display: flex; flex-wrap: wrap; gap: .4rem; margin: 0; padding: 0; border: 0; min-width: 0; }
.filters legend, .search span { display: block; padding: 0; margin-bottom: .3rem; color: var(--soft); font-size: .8rem; }
.search { flex: 1 1 14rem; } .search input { width: 100%; padding: .4rem .8rem; border: 1px solid var(--line); border-radius: 9px; background: var(--ground); color: var(--ink); font: inherit; }
.search input::placeholder { color: var(--soft); opacity: 1; }
.chip { display: inline-flex; gap: .35em; align-items: center; padding: .2em .75em .2em .55em; border: 1px solid currentColor; border-radius: 99px; font-size: .85rem; cursor: pointer; }
.chip input { margin: 0; color: inherit; accent-color: currentColor; } .chip:not(:has(:checked)) { color: var(--soft); border-color: var(--line); }
.chip.fail { color: var(--critical); } .chip.unknown { color: var(--medium); } .chip.pass { color: var(--good); }
.chip:has(:focus-visible) { outline: 2px solid var(--link); outline-offset: 2px; }
.shown { display: flex; gap: 1rem; align-items: center; width: 100%; color: var(--soft); font-size: .875rem; }
.scroll { margin: 0 0 1rem; overflow-x: auto; } table { width: 100%; border-collapse: collapse; font-size: .925rem; }
th, td { padding: .55rem .9rem; border-top: 1px solid var(--line); text-align: left; white-space: nowrap; font-variant-numeric: tabular-nums; }
thead th { border: 0; color: var(--soft); font-size: .8rem; font-weight: 500; text-transform: capitalize; }
tbody th { width: 100%; min-width: 14rem; font-weight: 500; white-space: normal; } td[class] { font-weight: 650; }
.subject { margin-top: 2.5rem; } .subject > header { display: flex; gap: 1.1rem; align-items: center; margin-bottom: 1rem; }
.kind { color: var(--soft); font-size: .75rem; font-weight: 600; text-transform: uppercase; letter-spacing: .08em; } .subject h3 { font-size: 1.3rem; letter-spacing: -.01em; }
.finding { position: relative; margin: .75rem 0; padding: 1.1rem 1.35rem 1.1rem 1.6rem; overflow: hidden; background: var(--card); border: 1px solid var(--line); border-radius: 14px; box-shadow: var(--shadow); break-inside: avoid; }
.finding::before { content: ""; position: absolute; inset: 0 auto 0 0; width: 5px; background: currentColor; }
.finding > * { color: var(--ink); }
.badge { display: inline-block; margin-right: .35em; padding: .1em .7em; border: 1px solid currentColor; border-radius: 99px; font-size: .72rem; font-weight: 650; text-transform: uppercase; letter-spacing: .05em; vertical-align: .1em; }
.critical .badge { color: var(--critical); } .high .badge { color: var(--high); } .medium .badge { color: var(--medium); } .low .badge { color: var(--low); }
.id, .id a { color: var(--soft); font: .8rem ${MONO}; white-space: nowrap; } .id { margin-left: .25em; }
.problems { margin: .6rem 0; padding-left: 1.1rem; list-style: disc; } .problems li { margin: .2rem 0; } .problems li::marker { color: var(--soft); }
.note { display: inline-block; padding: 0 .6em; border-radius: 6px; background: var(--fill); color: var(--soft); font-size: .85rem; }
.fix { margin: .75rem 0; padding: .65rem 1rem; border-radius: 10px; background: var(--fill); font-size: .95rem; }
.fix strong { display: block; margin-bottom: .1rem; color: var(--soft); font-size: .8rem; font-weight: 600; }
summary { cursor: pointer; color: var(--soft); font-size: .925rem; } summary:hover { color: var(--ink); }
.about p, .about ul { margin: .5rem 0; font-size: .925rem; }
.tag { display: inline-block; padding: .05em .65em; border: 1px solid var(--line); border-radius: 99px; color: var(--soft); font-size: .8rem; }
.group { margin: .75rem 0; padding: .75rem 1.35rem; background: var(--card); border: 1px solid var(--line); border-radius: 14px; } .group > summary span:first-child { font-weight: 600; color: var(--ink); }
.count { display: inline-block; min-width: 1.9em; padding: 0 .5em; border-radius: 99px; background: var(--fill); text-align: center; font-size: .85rem; }
.rows { margin-top: .5rem; } .rows li { display: flex; gap: .75rem; padding: .45rem 0; border-top: 1px solid var(--line); } .rows li:first-child { border: 0; }
.rows div { flex: 1; } .dot { flex: none; width: .6rem; height: .6rem; margin-top: .5rem; border-radius: 99px; background: currentColor; } .sev { color: var(--soft); font-size: .85rem; margin-left: .25em; }
.why { display: block; color: var(--soft); font-size: .9rem; }
.wide { columns: 19rem; column-gap: 1rem; } .cis { margin-bottom: 1rem; padding: 1rem 1.25rem 1.25rem; break-inside: avoid; } .cis h3 { display: flex; gap: .5rem; font-size: 1rem; } .cis p { margin-bottom: .6rem; font-size: .85rem; } .cis h3 span { margin-left: auto; }
.cells { display: grid; grid-template-columns: repeat(auto-fill, minmax(3.6rem, 1fr)); gap: .35rem; }
.cells li { padding: .3rem 0; border: 1px solid currentColor; border-radius: 7px; text-align: center; font: .78rem ${MONO}; }
.legend { display: flex; flex-wrap: wrap; gap: .4rem 1.25rem; margin-bottom: 1rem; color: var(--soft); font-size: .875rem; } .legend li { display: flex; gap: .45em; align-items: center; }
.key { width: 1rem; height: 1rem; border: 1px solid currentColor; border-radius: 4px; }
.cells .pass, .pass .key { color: var(--good); background: color-mix(in srgb, var(--good) 10%, var(--card)); }
.cells .fail, .fail .key { color: var(--card); background: var(--critical); border-color: var(--critical); }
.cells .unknown, .unknown .key { color: var(--medium); background: color-mix(in srgb, var(--medium) 12%, var(--card)); border-style: dashed; }
.cells .not-applicable, .not-applicable .key { color: var(--soft); background: var(--fill); border-color: var(--line); }
.cells .not-covered, .not-covered .key { color: var(--soft); border: 1px dashed var(--line); }
footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--line); }
@media screen { .subject { content-visibility: auto; contain-intrinsic-size: auto 40rem; } }
@media (max-width: 40rem) { body { padding: 0 .9rem 3rem; } .hero { padding: 1.4rem; justify-content: center; } .words { flex-basis: 100%; text-align: center; } .trend { flex-basis: 100%; }
  .tiles { grid-template-columns: repeat(2, 1fr); gap: .75rem; } .finding { padding: 1rem 1rem 1rem 1.25rem; } .group { padding: .75rem 1rem; } .id { white-space: normal; } }
@media print { :root, :root[data-theme] { color-scheme: light; ${LIGHT} --ground: #fff; --shadow: none; --ink: #000; --link: #000; }
  body { max-width: none; padding: 0; font-size: 10pt; } .top, .filters { display: none !important; } * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  h2, h3, .subject > header { break-after: avoid; } .card, .tile, .group { box-shadow: none; } .scroll { overflow: visible; } details::details-content { content-visibility: visible; height: auto; } }
`;
