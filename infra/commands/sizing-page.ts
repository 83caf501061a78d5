import { totalOf } from '../cost.ts'
import { escaped, htmlPage } from '../load-test/html.ts'
import { figure } from '../sizing/figures.ts'
import { divided, headOf, type Sizing } from './sizing-report.ts'

/** The sizing of a stack as a page that is self-contained: light and dark, for wide and narrow windows, and for paper. */
export function sizingPage(sizing: Sizing): string {
  const { name, plan, bill, prices, choices, causes, range } = sizing
  const money = (value: number) => `${figure(Math.round(value))} ${prices.currency}`
  const title = `Sizing of ${name}`
  const uncertain =
    range === undefined ? '' : `, ${money(range.low)} to ${money(range.high)} by how well events compress`
  const header = `<p>${escaped(headOf(sizing))}</p>
<p class="total">${escaped(money(bill.month))} a month${escaped(uncertain)}</p>
${sizing.stacks === 1 ? '' : `<p>${escaped(divided(sizing))}</p>\n`}<p class="note">Prices: ${escaped(prices.of)}</p>`
  return htmlPage(
    title,
    STYLE,
    header,
    `<section><h2>By tier</h2><p class="legend"><span class="machines"></span> machines <span class="disks"></span> disks <span class="traffic"></span> traffic between zones</p>${bars(tierBars(sizing), money)}${tiersTable(sizing)}</section>
${causes.length > 0 ? `<section><h2>What the bill is for, as a new stack</h2>${bars(causeBars(sizing), money)}</section>` : ''}
${choices.length > 0 ? `<section><h2>What would save most</h2>${choicesTable(sizing, money)}</section>` : ''}
${plan.findings.length > 0 ? `<section><h2>Limits</h2>${findingsList(sizing)}</section>` : ''}
<section><h2>Each number, and why</h2>${reasonsTable(sizing)}</section>`,
  )
}

interface Bar {
  readonly name: string
  /** Adjacent parts, each with its class. */
  readonly parts: readonly { readonly kind: string; readonly value: number }[]
}

function tierBars({ bill }: Sizing): readonly Bar[] {
  return [
    ...bill.tiers.map(({ tier, machines, disks }) => ({
      name: tier,
      parts: [
        { kind: 'machines', value: machines },
        { kind: 'disks', value: disks },
      ],
    })),
    { name: 'between zones', parts: [{ kind: 'traffic', value: bill.traffic.month }] },
    { name: 'snapshots', parts: [{ kind: 'disks', value: bill.snapshots.month }] },
  ].filter(({ parts }) => parts.some(({ value }) => value > 0))
}

function causeBars({ causes }: Sizing): readonly Bar[] {
  return causes.map(({ what, month }) => ({ name: what, parts: [{ kind: 'machines', value: Math.max(0, month) }] }))
}

/** A bar chart whose texts are texts: it is read aloud, copied and printed as such. */
function bars(all: readonly Bar[], money: (value: number) => string): string {
  const sum = ({ parts }: Bar) => parts.reduce((total, { value }) => total + value, 0)
  const longest = Math.max(1, ...all.map(sum))
  const rows = all.map((bar) => {
    const parts = bar.parts.map(
      ({ kind, value }) =>
        `<span class="${kind}" style="width:${((value / longest) * 100).toFixed(1)}%" title="${kind}: ${money(value)}"></span>`,
    )
    return `<li><b>${escaped(bar.name)}</b><i>${parts.join('')}</i><em>${money(sum(bar))}</em></li>`
  })
  return `<ul class="bars">${rows.join('\n')}</ul>`
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[], tag: string) =>
    `<tr>${cells.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`
  return `<table><thead>${row(header, 'th')}</thead><tbody>${rows.map((cells) => row(cells, 'td')).join('\n')}</tbody></table>`
}

function tiersTable({ bill }: Sizing): string {
  const row = (name: string, { pods, cpuMillicores, memoryMib, diskGib }: Omit<(typeof bill.tiers)[0], 'tier'>) => [
    ...[name, figure(pods), figure(cpuMillicores / 1000), figure(memoryMib / 1024), figure(diskGib)],
  ]
  const total = { ...totalOf(bill.tiers), machines: 0, disks: 0, month: bill.month }
  const rows = [...bill.tiers.map((tier) => row(tier.tier, tier)), row('all', total)]
  return table(['tier', 'pods', 'cores', 'memory GiB', 'disk GiB'], rows)
}

function choicesTable({ choices }: Sizing, money: (value: number) => string): string {
  const rows = choices.map(({ key, now, instead, saves, loses }) => [
    `${key} ${instead}, not ${now}`,
    money(saves),
    loses,
  ])
  return table(['choice', 'saves a month', 'gives up'], rows)
}

function findingsList({ plan: { findings } }: Sizing): string {
  const items = findings.map(
    ({ code, level, message }) => `<li class="${level}"><b>${level} ${code}</b> ${escaped(message)}</li>`,
  )
  return `<ul class="findings">${items.join('\n')}</ul>`
}

function reasonsTable({ plan: { reasons } }: Sizing): string {
  const shown = (value: number | string) => (typeof value === 'number' ? figure(value) : value)
  const rows = reasons.map(({ key, value, unit, from, reason }) => [key, `${shown(value)} ${unit}`, from, reason])
  return table(['key', 'value', 'from', 'why'], rows)
}

const STYLE = `
:root { --text: #1b1f24; --faint: #57606a; --back: #fff; --line: #d0d7de; --first: #2f6fb2; --second: #c77b1a; --third: #5b8a3c; --bad: #b3261e }
@media (prefers-color-scheme: dark) { :root { --text: #e6edf3; --faint: #9198a1; --back: #0d1117; --line: #3d444d; --first: #5aa0e6; --second: #e0a458; --third: #86b85f; --bad: #ff8b80 } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--text); background: var(--back); max-width: 60rem; margin: 0 auto; padding: 1.5rem }
h1 { margin: 0 } h2 { margin: 2rem 0 .5rem; font-size: 1.15rem }
.total { font-size: 1.5rem; margin: .5rem 0 } .note { color: var(--faint); margin: 0 }
.bars { list-style: none; padding: 0 } .bars li { display: grid; grid-template-columns: 14rem 1fr 8rem; gap: .75rem; align-items: center }
.bars b { font-weight: normal } .bars em { font-style: normal; text-align: right; font-variant-numeric: tabular-nums }
.bars i { display: flex; height: 1rem } .bars span { display: block }
p.legend { font-size: .9rem; margin: 0 } .legend span { display: inline-block; width: .8rem; height: .8rem } .legend span:not(:first-child) { margin-left: .6rem }
.machines { background: var(--first) } .disks { background: var(--second) } .traffic { background: var(--third) }
table { border-collapse: collapse; width: 100%; font-size: .9rem } th, td { text-align: left; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top }
.findings { padding-left: 1.2rem } .error b { color: var(--bad) }
@media (max-width: 40rem) { .bars li { grid-template: 'name amount' 'bar bar' / 1fr auto; gap: 0 .75rem; margin-bottom: .6rem } .bars b { grid-area: name } .bars em { grid-area: amount } .bars i { grid-area: bar } }
`
