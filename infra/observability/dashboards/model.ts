import type { MonitoredStack } from '../monitored-stack.ts'
import { overviewRows } from './overview.ts'
import type { Panel, Row } from './panel.ts'
import { serverRows } from './servers.ts'

const DASHBOARDS: readonly { name: string; title: string; rows: (stack: MonitoredStack) => readonly Row[] }[] = [
  { name: 'overview', title: 'events', rows: overviewRows },
  { name: 'servers', title: 'servers', rows: serverRows },
]

/** The dashboards of a stack, as the files that Grafana imports: only what the stack has is on them. */
export function dashboardsOf(stack: MonitoredStack): readonly { readonly name: string; readonly json: string }[] {
  const { namespace, prefix, tiers, scrapeSeconds } = stack
  return DASHBOARDS.map(({ name, title, rows }) => {
    const model = dashboardModel({
      uid: `${namespace}-${prefix}${name}`,
      title: `Tracardi · ${namespace} · ${prefix}${title}`,
      rows: rows(stack).filter(({ reads }) => reads.every((tier) => tiers.includes(tier))),
      scrapeSeconds,
    })
    return { name, json: `${JSON.stringify(model, null, 2)}\n` }
  })
}

/** Width of a dashboard, and the size of a graph on it, in cells of Grafana. */
const GRID = { width: 24, panelWidth: 8, panelHeight: 8, rowHeight: 1 }
/** Version of the model that is written; Grafana raises an older one when it reads it. */
const SCHEMA_VERSION = 39
const DATASOURCE = {
  type: 'prometheus',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana fills in what the reader has chosen
  uid: '${datasource}',
}

interface Dashboard {
  /** Stays the same, so that links and a second import find it. */
  readonly uid: string
  readonly title: string
  readonly rows: readonly Row[]
  readonly scrapeSeconds: number
}

/** The model of a dashboard, as Grafana imports it. */
function dashboardModel({ uid, title, rows, scrapeSeconds }: Dashboard) {
  return {
    uid,
    title,
    tags: ['tracardi'],
    schemaVersion: SCHEMA_VERSION,
    version: 1,
    editable: true,
    graphTooltip: 1,
    timezone: 'browser',
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    annotations: { list: [] },
    links: [],
    templating: {
      list: [{ name: 'datasource', label: 'Prometheus', type: 'datasource', query: 'prometheus', hide: 0 }],
    },
    panels: placed(rows, scrapeSeconds),
  }
}

type Placed = ReturnType<typeof rowModel> | ReturnType<typeof panelModel>

interface Place {
  readonly id: number
  readonly x: number
  readonly y: number
}

/** Rows one under the other, with the graphs of each side by side. */
function placed(rows: readonly Row[], scrapeSeconds: number): readonly Placed[] {
  const { width, panelWidth, panelHeight, rowHeight } = GRID
  const perLine = width / panelWidth
  const panels: Placed[] = []
  let top = 0
  for (const row of rows) {
    panels.push(rowModel(row, { id: panels.length + 1, x: 0, y: top }))
    top += rowHeight
    for (const [n, panel] of row.panels.entries()) {
      const place = {
        id: panels.length + 1,
        x: (n % perLine) * panelWidth,
        y: top + Math.floor(n / perLine) * panelHeight,
      }
      panels.push(panelModel(panel, place, scrapeSeconds))
    }
    top += Math.ceil(row.panels.length / perLine) * panelHeight
  }
  return panels
}

function rowModel({ title }: Row, { id, x, y }: Place) {
  const gridPos = { h: GRID.rowHeight, w: GRID.width, x, y }
  return { id, type: 'row', title, collapsed: false, gridPos, panels: [] }
}

function panelModel(
  { title, description, unit, least = 0, queries }: Panel,
  { id, x, y }: Place,
  scrapeSeconds: number,
) {
  return {
    id,
    type: 'timeseries',
    title,
    description,
    datasource: DATASOURCE,
    gridPos: { h: GRID.panelHeight, w: GRID.panelWidth, x, y },
    // Grafana makes the window of a rate from it.
    interval: `${scrapeSeconds}s`,
    fieldConfig: { defaults: { unit, min: least, custom: { fillOpacity: 8, showPoints: 'never' } }, overrides: [] },
    options: {
      legend: { displayMode: 'list', placement: 'bottom', showLegend: true },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
    targets: queries.map(({ expr, legend }, n) => ({
      refId: String.fromCharCode(65 + n),
      datasource: DATASOURCE,
      expr,
      legendFormat: legend,
      range: true,
    })),
  }
}
