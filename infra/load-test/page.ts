import { readFileSync } from 'node:fs'
import type { LoadTest } from '../../runtime/load-test/record.ts'
import { summaryOf } from '../../runtime/load-test/summary.ts'
import { duration } from '../../runtime/telemetry/format.js'
import { figure } from '../sizing/figures.ts'
import { chartsOf } from './charts.ts'
import { type Findings, isShort } from './findings.ts'
import { escaped, htmlPage } from './html.ts'
import { countsTitle, flushReasons, headline, saturationLine } from './text-report.ts'
import { sumOf } from './window.ts'

/** A self-contained page: light and dark, for wide and narrow windows, and for paper. */
export function page(loadTest: LoadTest, findings: Findings): string {
  const { asked, startedAt, run } = loadTest
  const { verdict, advice } = findings
  const title = `Load test of ${figure(asked.eventsPerSecond)} events/s`
  const header = `<p>${escaped(`${startedAt.slice(0, 16).replace('T', ' ')} UTC, ${duration(asked.seconds)} to ${asked.target}, run ${run}, seed ${asked.seed}`)}</p>`
  return htmlPage(
    title,
    `${fileOf('uplot/dist/uPlot.min.css')}${STYLE}`,
    header,
    `<section class="verdict ${verdict.holds ? 'holds' : 'fails'}">
<h2>${escaped(headline(loadTest, findings))}</h2>
<p>${escaped(saturationLine(findings))}</p>
${list(verdict.faults.map(({ text }) => text))}
</section>
<dl class="tiles">${tiles(loadTest)}</dl>
${advice.length > 0 ? `<section><h2>What to change</h2>${list(advice)}</section>` : ''}
<section><h2>Over time</h2>
<p class="note">Shaded: the ramp, the bursts, and the draining after the load. The legend has the values under the pointer; drag to zoom, double click to see all.</p>
<noscript><p>The charts need JavaScript.</p></noscript>
<div class="charts" id="charts"></div></section>
<section><h2>${escaped(countsTitle(findings))}</h2>${countsTable(findings)}</section>
<section><h2>What one of each carries</h2>${capacitiesTable(findings)}</section>
<section><h2>Bulks by flush reason</h2>${flushBars(loadTest)}</section>
<section><h2>Coefficients for the sizing model</h2>${coefficientsTable(findings)}
<p class="note">What is not listed could not be told from this load test and keeps its default.</p></section>
<section><h2>In words</h2>${list(summaryOf(loadTest))}</section>
<script type="application/json" id="chart-data">${json(chartsOf(loadTest))}</script>
<script>${fileOf('uplot/dist/uPlot.iife.min.js')}</script>
<script>${readFileSync(new URL('page/charts.js', import.meta.url), 'utf8')}</script>`,
  )
}

/** A file of a package, which becomes a part of the page. */
function fileOf(name: string): string {
  return readFileSync(new URL(import.meta.resolve(name)), 'utf8')
}

/** JSON that can end no script element. */
function json(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c')
}

function tiles({ total, comparison, drainSeconds }: LoadTest): string {
  const { latencyMs: latency } = total
  const tile = (name: string, value: string, kind = '') =>
    `<div class="${kind}"><dt>${name}</dt><dd>${value}</dd></div>`
  const proof = (name: string, count: number) => tile(name, figure(count), count === 0 ? 'good' : 'bad')
  return [
    tile('accepted', figure(comparison.accepted)),
    proof('lost', comparison.lost),
    proof('twice', comparison.twice),
    ...(latency === undefined
      ? []
      : [
          tile('p50', milliseconds(latency.p50)),
          tile('p90', milliseconds(latency.p90)),
          tile('p99', milliseconds(latency.p99)),
          tile('p99.9', milliseconds(latency.p999)),
          tile('longest', milliseconds(latency.max)),
        ]),
    tile('drained after', drainSeconds === null ? 'never' : duration(drainSeconds)),
  ].join('')
}

function milliseconds(value: number): string {
  return value < 10_000 ? `${figure(value)} ms` : `${figure(value / 1000)} s`
}

type Cell = string | number

function tableOf(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const cell = (value: Cell, column: number) => {
    const label = `data-label="${escaped(header[column] ?? '')}"`
    return typeof value === 'number'
      ? `<td ${label} class="number">${figure(value)}</td>`
      : `<td ${label}>${escaped(value)}</td>`
  }
  return `<div class="scroll"><table><thead><tr>${header.map((text) => `<th>${escaped(text)}</th>`).join('')}</tr></thead>
<tbody>${rows.map((row) => `<tr>${row.map(cell).join('')}</tr>`).join('\n')}</tbody></table></div>`
}

function countsTable({ counts }: Findings): string {
  const rows = counts.map((count) => [
    count.key,
    count.seen === 0 ? 'not seen' : count.seen,
    count.needed,
    isShort(count) ? `too few. ${count.reason}` : count.reason,
  ])
  return tableOf(['', 'ran', 'needed', 'why'], rows)
}

function capacitiesTable({ capacities }: Findings): string {
  const rows = capacities.map(({ what, eventsPerSecond, basis }) => [what, Math.round(eventsPerSecond), basis])
  return tableOf(['', 'events/s', 'how sure'], rows)
}

function coefficientsTable({ measured }: Findings): string {
  return tableOf(
    ['coefficient', 'value', 'how sure', 'from'],
    measured.map(({ key, value, basis, how }) => [key, value, basis, how]),
  )
}

function flushBars(loadTest: LoadTest): string {
  const reasons = flushReasons(loadTest)
  const all = sumOf(reasons, ({ count }) => count)
  if (all === 0) return '<p>No worker was measured.</p>'
  const bars = reasons.map(
    ({ reason, count }) =>
      `<li><span>${escaped(reason)}</span><span class="bar"><span style="width:${((count / all) * 100).toFixed(1)}%"></span></span><span class="number">${figure(count)}</span></li>`,
  )
  return `<ul class="bars">${bars.join('')}</ul>`
}

function list(texts: readonly string[]): string {
  return texts.length === 0 ? '' : `<ul>${texts.map((text) => `<li>${escaped(text)}</li>`).join('')}</ul>`
}

const STYLE = `
:root { --text: #1f2328; --quiet: #59636e; --page: #fff; --card: #f6f8fa; --edge: #d1d9e0;
  --first: #0969da; --second: #bc4c00; --third: #8250df; --fourth: #818b98; --good: #1a7f37; --bad: #cf222e; }
@media (prefers-color-scheme: dark) { :root { --text: #e6edf3; --quiet: #9198a1; --page: #0d1117; --card: #161b22;
  --edge: #30363d; --first: #58a6ff; --second: #f0883e; --third: #bc8cff; --fourth: #768390; --good: #3fb950; --bad: #f85149; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem clamp(1rem, 3vw, 2.5rem) 3rem; max-width: 76rem; color: var(--text);
  background: var(--page); font: 15px/1.5 system-ui, sans-serif; }
h1 { margin: 0; font-size: 1.6rem; line-height: 1.25; } h2 { margin: 0 0 .6rem; font-size: 1.1rem; }
header p, .note, small, dt { color: var(--quiet); } header p { margin: .2rem 0 1.2rem; overflow-wrap: anywhere; } .note { margin: 0 0 .8rem; }
section { margin-top: 2rem; } ul { margin: .4rem 0 0; padding-left: 1.2rem; }
.verdict { margin: 0; padding: 1rem 1.2rem; background: var(--card); border-left: 5px solid var(--good); border-radius: 6px; }
.verdict.fails { border-color: var(--bad); } .verdict p { margin: 0; } .verdict h2 { margin-bottom: .2rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(7.4rem, 1fr)); gap: .7rem; margin: 1rem 0 0; }
.tiles div { padding: .6rem .8rem; background: var(--card); border-radius: 6px; }
dt { font-size: .85rem; } dd { margin: 0; font-size: 1.2rem; font-weight: 600; font-variant-numeric: tabular-nums; white-space: nowrap; }
.good dd { color: var(--good); } .bad dd { color: var(--bad); }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 1.8rem 2rem; }
.chart { margin: 0; min-width: 0; } figcaption { font-weight: 600; } figcaption small { font-weight: 400; }
.u-legend { font-size: .85rem; font-variant-numeric: tabular-nums; text-align: left; } .u-legend :is(th, td) { padding: 0 .15rem; border: 0; font-weight: inherit; }
.u-legend .u-series { padding: 0; border: 0; } .u-legend th { color: var(--quiet); } .u-select { background: color-mix(in srgb, var(--text) 12%, transparent); } .u-cursor-x { border-color: var(--quiet); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: .92rem; }
th, td { padding: .4rem .9rem .4rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--edge); }
th { font-weight: 600; color: var(--quiet); white-space: nowrap; } .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td:first-child, td:nth-child(3) { white-space: nowrap; }
.bars { padding: 0; list-style: none; max-width: 40rem; } .bars li { display: grid; grid-template-columns: 5rem 1fr 5rem; align-items: center; }
.bar { height: .8rem; background: var(--card); border-radius: 3px; overflow: hidden; } .bar span { display: block; height: 100%; background: var(--first); }
@media (max-width: 44rem) { thead { display: none; } tr { display: flex; flex-wrap: wrap; gap: 0 1rem; padding: .5rem 0; border-bottom: 1px solid var(--edge); }
  td { padding: 0; border: 0; } td:first-child { flex-basis: 100%; font-weight: 600; } td:not(:first-child)::before { content: attr(data-label) ' '; color: var(--quiet); } }
@media print { section, .chart { break-inside: avoid; } }
`
