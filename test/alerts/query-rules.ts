import { dashboardsOf } from '../../infra/observability/dashboards/model.ts'
import { STACK } from './monitored-stack.ts'

interface Model {
  readonly panels: readonly { readonly title: string; readonly targets?: readonly { readonly expr: string }[] }[]
}

/** Every query of the dashboards, by the title of its graph. */
export function dashboardQueries(): readonly { readonly title: string; readonly expr: string }[] {
  return dashboardsOf(STACK).flatMap(({ json }) =>
    (JSON.parse(json) as Model).panels.flatMap(({ title, targets = [] }) =>
      targets.map(({ expr }) => ({ title, expr })),
    ),
  )
}

/** The same as rules, so that promtool reads them, with the window that Grafana would fill in. */
export function queryRules(): object {
  const rules = dashboardQueries().map(({ expr }, n) => ({
    record: `dashboard:query${n}`,
    expr: expr.replaceAll('$__rate_interval', '2m'),
  }))
  return { groups: [{ name: 'queries', rules }] }
}
