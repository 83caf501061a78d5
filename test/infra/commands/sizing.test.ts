import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

function sizing(...args: readonly string[]) {
  const command = ['infra/commands/sizing.ts', '--stack', 'production', ...args]
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: ROOT, encoding: 'utf8' })
  return { status, stdout, stderr, lines: stdout.split('\n') }
}

const widest = (lines: readonly string[]) => Math.max(...lines.map((line) => line.length))

describe('npm run sizing', function () {
  this.timeout(30_000)

  const loads: readonly (readonly [string, readonly string[]])[] = [
    ['500', []],
    ['20000', []],
    [
      '1000000',
      [
        '--set',
        'load.eventsPerCall=50',
        '--set',
        'load.retentionDays=8',
        '--set',
        'load.eventBytes=120',
        '--set',
        'load.stateDays=1',
        '--set',
        'elasticsearch.dataGib=8000',
        '--set',
        'load.surviveZone=false',
      ],
    ],
  ]
  for (const [peak, more] of loads) {
    it(`shows ${peak} events/s on a first screen of 80 columns and 40 lines`, () => {
      const { status, lines } = sizing('--new', '--set', `load.peakEventsPerSecond=${peak}`, ...more)
      assert.equal(status, 0)
      assert.ok(
        widest(lines) <= 80,
        lines.find((line) => line.length > 80),
      )
      assert.ok(lines.length <= 40, String(lines.length))
      assert.match(
        lines[0] as string,
        new RegExp(`^production: ${Number(peak).toLocaleString('en-US')} events/s at peak`),
      )
      assert.ok(lines.some((line) => /^elasticsearch-data +\d+ .* \d+ %$/.test(line)))
      assert.ok(lines.some((line) => /^all +[\d,]+ .* 100 %$/.test(line)))
      assert.ok(lines.some((line) => /^ {2}load\.\w+ \w+, not \w+ +-[\d,]+ {2}\w/.test(line)))
    })
  }

  it('divides a load that is more than one stack carries among the fewest stacks that do', () => {
    const load = ['--new', '--set', 'load.peakEventsPerSecond=1000000']
    const { status, lines } = sizing(...load)
    assert.equal(status, 2)
    assert.match(lines[0] as string, /^production: 125,000 events\/s at peak/)
    assert.match(lines[3] as string, /^One of 8 equal stacks: /)
    assert.ok(widest(lines) <= 80)
    const [whole] = JSON.parse(sizing(...load, '--json').stdout) as { stacks: number; findings: { code: string }[] }[]
    assert.deepEqual([whole?.stacks, whole?.findings], [8, []])
    const compared = sizing(...load, '--compare', 'load.peakEventsPerSecond=1000').lines
    assert.match(compared[1] as string, /^production \(one of 8\) /)
  })

  it('ends with 1 where no division helps', () => {
    const { status, stderr } = sizing(
      '--new',
      '--set',
      'load.peakEventsPerSecond=1000000',
      '--set',
      'elasticsearch.dataGib=1',
    )
    assert.equal(status, 1)
    assert.match(stderr, /elasticsearch\.dataNodes would be /)
  })

  it('ends with 0 if limits are close, and with 2 if limits are broken', () => {
    const expires = sizing('--set', 'elasticsearch.expireIndices=false')
    assert.deepEqual(
      [expires.status, expires.lines.some((line) => line.startsWith('warning retention_without_expiry: '))],
      [0, true],
    )
    const shards = sizing('--set', 'runtime.ELASTIC_INDEX_SHARDS=1')
    assert.deepEqual(
      [shards.status, shards.lines.some((line) => line.startsWith('error shards_too_large: '))],
      [2, true],
    )
  })

  it('ends with 1 for faults of the configuration and of its arguments', () => {
    const fault = sizing('--set', 'load.retentionDays=0')
    assert.equal(fault.status, 1)
    assert.match(fault.stderr, /load\.retentionDays is 0; allowed: /)
    const argument = sizing('--set', 'retention')
    assert.equal(argument.status, 1)
    assert.match(argument.stderr, /"retention" is no change; state it as load\.retentionDays=14/)
  })

  it('compares with other stacks, and with other values', () => {
    const { lines } = sizing('--compare', 'staging', '--compare', 'load.retentionDays=60,load.hotDays=1')
    assert.deepEqual(
      lines.map((line) => line.split(/ {2,}/)[0]),
      ['', 'production', 'staging', 'load.retentionDays=60,load.hotDays=1', '', ''],
    )
    assert.ok(widest(lines) <= 80)
  })

  it('has the warm nodes in a comparison in which there are some', () => {
    const without = ['--new', '--set', 'load.peakEventsPerSecond=100000', '--set', 'load.retentionDays=30']
    const { lines } = sizing(...without, '--compare', 'load.warmTier=true')
    const cells = lines.map((line) => line.split(/ {2,}/).slice(0, 4))
    assert.deepEqual(cells[0], ['', 'USD/month', 'data nodes', 'warm nodes'])
    assert.match(cells[1]?.join('|') ?? '', /^production\|[\d,]+\|78 × 3,981\|\d+$/)
    assert.equal(cells[2]?.[0], 'load.warmTier=true')
    assert.match(cells[3]?.join('|') ?? '', /^\|[\d,]+\|48 × 2,626\|48 × 3,914$/)
    assert.ok(widest(lines) <= 80)
  })

  it('has the reason of every number with --why', () => {
    const { lines } = sizing('--why')
    assert.ok(lines.includes('api.replicas = 10 pods (derived)'))
    assert.ok(widest(lines) <= 80)
  })

  it('writes a page with a chart, whose texts no configuration can break', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'sizing-')), 'sizing.html')
    const { status } = sizing('--new', '--set', 'elasticsearch.expireIndices=false', '--html', file)
    assert.equal(status, 0)
    const text = readFileSync(file, 'utf8')
    assert.match(text, /<h1>Sizing of production<\/h1>/)
    assert.equal(
      text.match(
        /<li><b>elasticsearch-data<\/b><i>(<span class="\w+" style="width:[\d.]+%" title="[^"]*"><\/span>){2}<\/i>/g,
      )?.length,
      1,
    )
    assert.match(text, /<b>warning retention_without_expiry<\/b>/)
    assert.doesNotMatch(text, /<script|https?:|undefined|NaN/)
  })

  it('has prices, tiers, choices, findings and reasons as JSON', () => {
    const { stdout } = sizing(
      '--json',
      '--prices',
      'docs/prices/azure.yaml',
      '--set',
      'elasticsearch.dataNodes=3',
      '--set',
      'elasticsearch.dataGib=1500',
    )
    const [first] = JSON.parse(stdout)
    assert.equal(first.prices.of, 'Azure East US, on demand, 2026')
    assert.equal(first.bill.traffic.month, 0)
    assert.deepEqual(
      first.findings.map(({ code }: { code: string }) => code),
      ['count_below_need', 'disk_below_need'],
    )
    assert.equal(first.reasons.length, 23)
    assert.equal(first.causes.length, 5)
    assert.equal(first.choices[0].key, 'load.retentionDays')
  })
})
