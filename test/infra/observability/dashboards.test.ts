import assert from 'node:assert/strict'
import { dashboardsOf } from '../../../infra/observability/dashboards/model.ts'
import { STACK } from '../../alerts/monitored-stack.ts'

interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly description?: string
  readonly interval?: string
  readonly fieldConfig?: { readonly defaults: { readonly min: number } }
  readonly gridPos: { readonly h: number; readonly w: number; readonly x: number; readonly y: number }
  readonly targets?: readonly { readonly refId: string; readonly expr: string; readonly legendFormat: string }[]
}

const models = (stack = STACK) =>
  dashboardsOf(stack).map(({ name, json }) => ({
    name,
    ...(JSON.parse(json) as { uid: string; title: string; panels: Panel[] }),
  }))

describe('a dashboard', () => {
  it('has a name and a uid of its stack, so that two stacks may share a Grafana', () => {
    assert.deepEqual(
      models({ ...STACK, namespace: 'shop' }).map(({ name, uid, title }) => [name, uid, title]),
      [
        ['overview', 'shop-overview', 'Tracardi · shop · events'],
        ['servers', 'shop-servers', 'Tracardi · shop · servers'],
      ],
    )
  })

  it('lays its graphs side by side, none over another', () => {
    for (const { name, panels } of models()) {
      const cells = panels.flatMap(({ gridPos: { h, w, x, y } }) =>
        Array.from({ length: h * w }, (_, n) => `${x + (n % w)},${y + Math.floor(n / w)}`),
      )
      assert.equal(new Set(cells).size, cells.length, name)
      assert.ok(
        panels.every(({ gridPos: { x, w } }) => x + w <= 24),
        name,
      )
      assert.deepEqual(
        panels.map(({ id }) => id),
        panels.map((_, n) => n + 1),
        name,
      )
    }
  })

  it('says of each graph what it shows, and names each of its lines', () => {
    for (const { panels } of models()) {
      for (const { type, title, description, targets = [] } of panels) {
        if (type === 'row') continue
        assert.equal(type, 'timeseries', title)
        assert.match(description ?? '', /\.$/, title)
        assert.ok(targets.length > 0, title)
        assert.deepEqual(
          targets.map(({ refId }) => refId),
          ['A', 'B', 'C'].slice(0, targets.length),
          title,
        )
        for (const { expr, legendFormat } of targets) assert.ok(expr !== '' && legendFormat !== '', title)
      }
    }
  })

  it('begins its axes at 0, but where something is less', () => {
    const least = models().flatMap(({ panels }) =>
      panels.flatMap(({ title, fieldConfig }) => (fieldConfig ? [[title, fieldConfig.defaults.min] as const] : [])),
    )
    assert.deepEqual(
      least.filter(([, min]) => min !== 0),
      [
        ['Error budget left', -1],
        ['State', -1],
      ],
    )
  })

  it('makes the windows of its rates from the time between two scrapes', () => {
    for (const { panels } of models({ ...STACK, scrapeSeconds: 45 })) {
      for (const { type, interval } of panels) assert.equal(interval, type === 'row' ? undefined : '45s')
    }
  })

  it('shows only servers that the stack has', () => {
    const rows = (tiers: typeof STACK.tiers) =>
      models({ ...STACK, tiers }).map(({ panels }) =>
        panels.filter(({ type }) => type === 'row').map(({ title }) => title),
      )
    assert.deepEqual(rows(['api', 'worker', 'elasticsearch-exporter']), [
      ['Events', 'Service level', 'Bulks', 'Faults', 'Pods'],
      ['Elasticsearch'],
    ])
    assert.deepEqual(rows(STACK.tiers), [
      ['Events', 'Service level', 'Backlog', 'Bulks', 'Faults', 'Pods'],
      ['Brokers', 'Bookies', 'ZooKeeper', 'Elasticsearch'],
    ])
  })
})
