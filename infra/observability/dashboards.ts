import { dashboardModel } from './dashboards/model.ts'
import { overviewRows } from './dashboards/overview.ts'
import type { Row } from './dashboards/panel.ts'
import { serverRows } from './dashboards/servers.ts'
import type { Watched } from './watched.ts'

const DASHBOARDS: readonly { name: string; title: string; rows: (watched: Watched) => readonly Row[] }[] = [
  { name: 'overview', title: 'events', rows: overviewRows },
  { name: 'servers', title: 'servers', rows: serverRows },
]

/** The dashboards of a stack, as the files that Grafana imports: only what the stack has is on them. */
export function dashboardsOf(watched: Watched): readonly { readonly name: string; readonly json: string }[] {
  const { namespace, prefix, tiers, scrapeSeconds } = watched
  return DASHBOARDS.map(({ name, title, rows }) => {
    const model = dashboardModel({
      uid: `${namespace}-${prefix}${name}`,
      title: `Tracardi · ${namespace} · ${prefix}${title}`,
      rows: rows(watched).filter(({ reads }) => reads.every((tier) => tiers.includes(tier))),
      scrapeSeconds,
    })
    return { name, json: `${JSON.stringify(model, null, 2)}\n` }
  })
}
