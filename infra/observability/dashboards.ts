import { dashboardModel } from './dashboards/model.ts'
import { overviewRows } from './dashboards/overview.ts'
import type { Row } from './dashboards/panel.ts'
import { serverRows } from './dashboards/servers.ts'
import type { MonitoredStack } from './monitored-stack.ts'

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
