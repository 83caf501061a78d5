import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { scrapedOf } from '../../../infra/kubernetes/tiers.ts'
import { adviceOfAlert } from '../../../infra/observability/advice.ts'
import type { MonitoredStack } from '../../../infra/observability/monitored-stack.ts'
import { alertsOf, rulesOf } from '../../../infra/observability/rules.ts'
import { loadConfig } from '../../../runtime/config.ts'
import { topicsOf } from '../../../runtime/names.ts'
import { CASES } from '../../alerts/cases.ts'
import { RUNBOOKS, STACK } from '../../alerts/monitored-stack.ts'
import { dashboardQueries } from '../../alerts/query-rules.ts'
import { changed, watchedBy } from '../../support/stack.ts'
import { METRICS } from './metric-sources.ts'

const alerts = (stack: MonitoredStack = STACK) => alertsOf(stack).flatMap((group) => group.alerts)
const alert = (name: string, stack: Partial<MonitoredStack> = {}) =>
  alerts({ ...STACK, ...stack }).find((one) => one.name === name)

describe('the alerts', () => {
  it('each have a situation in which they are reported and one in which they are not (npm run test:alerts reports them)', () => {
    assert.deepEqual(
      Object.keys(CASES).sort(),
      alerts()
        .map(({ name }) => name)
        .sort(),
    )
    for (const [name, { fires }] of Object.entries(CASES)) assert.ok(fires.told.length > 0, name)
  })

  it('each have a section in docs/alerts.md, and each section an alert', () => {
    const page = readFileSync(new URL(`../../../${RUNBOOKS}`, import.meta.url), 'utf8')
    const sections = [...page.matchAll(/^### (Tracardi\w+)$/gm)].map((match) => match[1])
    assert.deepEqual(
      [...sections].sort(),
      alerts()
        .map(({ name }) => name)
        .sort(),
    )
    for (const { rules } of rulesOf(STACK, RUNBOOKS).groups) {
      for (const rule of rules) {
        if (!('alert' in rule)) continue
        assert.equal(rule.annotations['runbook_url'], `docs/alerts.md#${rule.alert.toLowerCase()}`)
        assert.equal(rule.annotations['advice'], adviceOfAlert(rule.alert))
      }
    }
  })

  it('send their reader only to sections that exist', () => {
    const page = (name: string) => readFileSync(new URL(`../../../docs/${name}`, import.meta.url), 'utf8')
    const anchors = (name: string) =>
      [...page(name).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
        title
          .toLowerCase()
          .replace(/[^\w -]/g, '')
          .replaceAll(' ', '-'),
      )
    const links = [...page('alerts.md').matchAll(/\]\((?!https?:)([^)#]*)#([^)]+)\)/g)]
    assert.ok(links.length > 10)
    for (const [, file = '', anchor = ''] of links)
      assert.ok(anchors(file || 'alerts.md').includes(anchor), `${file}#${anchor}`)
  })

  it('say how bad it is, for which namespace, in a line and with a number', () => {
    for (const { name, severity, summary, description } of alerts()) {
      assert.ok(['critical', 'warning', 'info'].includes(severity), name)
      assert.doesNotMatch(summary, /\{\{|\.$/, name)
      assert.match(description, /\d|\{\{ \$value/, name)
    }
    const [group] = rulesOf({ ...STACK, namespace: 'shop' }, RUNBOOKS).groups.slice(1)
    assert.equal(group?.name, 'shop-events')
    assert.deepEqual(group?.rules[0]?.labels, { severity: 'critical', namespace: 'shop' })
  })

  it('are those about servers that the stack has', () => {
    const names = (tiers: MonitoredStack['tiers']) => alertsOf({ ...STACK, tiers }).map(({ name }) => name)
    assert.deepEqual(names(['api', 'worker', 'elasticsearch-exporter']), [
      'events',
      'service-level',
      'canary',
      'workers',
      'elasticsearch',
      'certificates',
      'pods',
    ])
    assert.deepEqual(names(['api', 'worker', 'broker', 'bookkeeper']), [
      'events',
      'service-level',
      'canary',
      'workers',
      'queue',
      'certificates',
      'pods',
    ])
  })

  it('follow the time for which disks hold the backlog', () => {
    const old = (backlogHours: number) =>
      ['TracardiBacklogOld', 'TracardiBacklogTooOld'].map((name) => alert(name, { backlogHours })?.expr.split(' > ')[1])
    assert.deepEqual(old(24), ['21600', '43200'])
    assert.deepEqual(old(4), ['3600', '7200'])
  })

  it('follow the workers, their bulks and their timeouts', () => {
    assert.match(alert('TracardiBacklogGrowing', { workers: 7, backlogPerWorker: 100 })?.expr ?? '', / > 700\)/)
    assert.match(alert('TracardiBulksNotFilled', { bulkSize: 900 })?.expr ?? '', / < 450\)$/)
    assert.match(alert('TracardiBulksSlow', { queryTimeoutSeconds: 20 })?.expr ?? '', / > 10$/)
    // A quantile of this histogram reports no more than 60 s.
    assert.match(alert('TracardiBulksSlow', { queryTimeoutSeconds: 600 })?.expr ?? '', / > 30$/)
    assert.deepEqual(
      ['TracardiNothingStored', 'TracardiBacklogStandsStill'].map(
        (name) => alert(name, { bulkTimeoutSeconds: 600 })?.forMinutes,
      ),
      [20, 50],
    )
    assert.deepEqual(
      ['TracardiNothingStored', 'TracardiBacklogStandsStill'].map((name) => alert(name)?.forMinutes),
      [10, 10],
    )
  })

  it('follow the service level: its time and its objective', () => {
    const level = { storedWithinSeconds: 45, storedObjectivePercent: 99 }
    const expr = alert('TracardiStoredLateFast', level)?.expr ?? ''
    assert.equal(expr.split('le=~"45([.]0)?"').length - 1, 4)
    assert.deepEqual(
      ['TracardiStoredLateFast', 'TracardiStoredLateSlowly'].map((name) =>
        [...(alert(name, level)?.expr ?? '').matchAll(/ > ([\d.]+)/g)].map((match) => match[1]),
      ),
      [
        ['0.144', '0.144', '0.06', '0.06'],
        ['0.03', '0.03', '0.01', '0.01'],
      ],
    )
  })

  it('follow the counts of the servers', () => {
    assert.match(alert('TracardiTooFewBookies', { ensemble: 5 })?.expr ?? '', / < 5$/)
    const members = (zookeepers: number) =>
      ['TracardiZooKeeperNodeAway', 'TracardiZooKeeperNoQuorum'].map(
        (name) => alert(name, { zookeepers })?.expr.split(' < ')[1],
      )
    assert.deepEqual(
      [members(1), members(3), members(5)],
      [
        ['1', '1'],
        ['3', '2'],
        ['5', '3'],
      ],
    )
  })

  it('ask for the topics and subscriptions of the runtime', () => {
    const stack = changed('staging', { runtime: { PULSAR_TENANT: 'my_shop' } })
    const { topic, subscription, deadLetterTopic } = watchedBy(stack, STACK.tiers, [])
    const topics = topicsOf(loadConfig({ PULSAR_TENANT: 'my_shop' }))
    assert.deepEqual(
      { topic, subscription, deadLetterTopic },
      { topic: topics.events, subscription: topics.eventsSubscription, deadLetterTopic: topics.deadLetters },
    )
    assert.equal(topics.deadLettersSubscription, 'dead-letters')
    assert.match(alert('TracardiDeadLettersWait')?.expr ?? '', /subscription="dead-letters"/)
    const asked = alert('TracardiBacklogOld', { topic })?.expr ?? ''
    assert.ok(asked.includes(`topic=~"persistent://my_shop/system/functions-partition-[0-9]+"`), asked)
  })

  it('know nothing of a load that the stack does not state', () => {
    const names = (raw: Parameters<typeof watchedBy>[0]) =>
      alerts(watchedBy(raw, STACK.tiers, [])).map(({ name }) => name as string)
    for (const name of ['TracardiLoadBeyondSizing', 'TracardiEventsLargerThanSized']) {
      assert.ok(names(changed('staging')).includes(name))
      assert.ok(!names(changed('dev')).includes(name))
    }
  })

  it('expect a snapshot in one and a half intervals, and none of a stack that makes none', () => {
    const expr = (snapshotHours: number) =>
      alerts({ ...STACK, snapshotHours }).find(({ name }) => name === 'TracardiSnapshotOld')?.expr
    assert.match(expr(4) ?? '', / > 21600$/)
    assert.equal(expr(0), undefined)
  })

  it('follow the plan of the stack', () => {
    const changes = {
      platform: { namespace: 'shop', monitoringNamespaces: ['monitoring'] },
      load: { backlogHours: 30 },
      workers: { replicas: 3, maxReplicas: 9, backlogPerWorker: 150 },
      zookeeper: { replicas: 5 },
      bookkeeper: { replicas: 4, ensemble: 3 },
      observability: { monitors: 'podMonitor', scrapeSeconds: 20, storedObjectivePercent: 99.5 },
      backup: { type: 's3', location: 'snapshots', intervalHours: 4 },
      runtime: { BULK_SIZE: 700, BULK_TIMEOUT_SECONDS: 40, ELASTIC_QUERY_TIMEOUT: 90, STORED_WITHIN_SECONDS: 90 },
    }
    const stack = (autoscaling: string) => {
      const stack = changed('staging', { ...changes, workers: { ...changes.workers, autoscaling } })
      return watchedBy(stack, ['api', 'set-up'], [])
    }
    assert.deepEqual(stack('none'), {
      namespace: 'shop',
      prefix: '',
      tiers: ['api'],
      topic: 'persistent://tracardi/system/functions',
      subscription: 'tracardi-function-subscription',
      deadLetterTopic: 'persistent://tracardi/system/functions-tracardi-function-subscription-DLQ',
      backlogHours: 30,
      backlogPerWorker: 150,
      workers: 3,
      bulkSize: 700,
      bulkTimeoutSeconds: 40,
      queryTimeoutSeconds: 90,
      zookeepers: 5,
      ensemble: 3,
      scrapeSeconds: 20,
      storedWithinSeconds: 90,
      storedObjectivePercent: 99.5,
      sizedEventsPerSecond: 100,
      snapshotHours: 4,
      sizedEventBytes: 800,
      certificates: [],
    })
    assert.equal(stack('keda').workers, 9)
  })

  it('of certificates read when each ends, as the stack has made it', () => {
    const [recorded] = rulesOf(
      { ...STACK, certificates: [{ name: 'a', notAfter: '2028-11-22T00:00:00Z' }] },
      RUNBOOKS,
    ).groups
    assert.deepEqual(recorded, {
      name: 'tracardi-recorded',
      rules: [
        {
          record: 'tracardi_certificate_expiry_timestamp_seconds',
          expr: 'vector(1858464000)',
          labels: { namespace: 'tracardi', certificate: 'a' },
        },
      ],
    })
    assert.equal(rulesOf({ ...STACK, certificates: [] }, RUNBOOKS).groups[0]?.name, 'tracardi-events')
  })
})

describe('rules and dashboards', () => {
  it('ask each server for metrics only that it reports', () => {
    const exprs = [...alerts().map(({ expr }) => expr), ...dashboardQueries().map(({ expr }) => expr)]
    const asked = exprs.flatMap((expr) => [...expr.matchAll(/([a-zA-Z_:][\w:]*)\{([^}]*)\}/g)])
    assert.ok(asked.length > 80)
    const unknown = asked
      .map(([, name = '', selected = '']) => ({ name, job: /job=~?"tracardi\/([^"]+)"/.exec(selected)?.[1] ?? '' }))
      // Prometheus reports it for every target.
      .filter(({ name }) => name !== 'up')
      .filter(({ name, job }) => !METRICS[job]?.includes(name))
    assert.deepEqual(unknown, [])
  })

  it('know every tier that is scraped', () => {
    assert.deepEqual(scrapedOf(['zookeeper', 'elasticsearch-data', 'elasticsearch-master', 'set-up', 'worker'], true), [
      'zookeeper',
      'worker',
    ])
  })
})

describe('the codes of alerts', () => {
  it('are those of the advice of the console; an alert about what it does not see has none', () => {
    assert.equal(adviceOfAlert('TracardiElasticsearchRed'), 'elasticsearch_red')
    assert.equal(adviceOfAlert('TracardiZooKeeperNoQuorum'), undefined)
  })
})
