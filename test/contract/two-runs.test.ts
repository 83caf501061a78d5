import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '../../runtime/config.ts'
import { readLoadTest } from '../../runtime/load-test/record.ts'
import { authorizationsOf } from '../../runtime/local/credentials.ts'
import { LocalRun } from '../support/local-run.ts'
import { eventually } from '../support/until.ts'
import { cli as cliIn, type Outcome } from './cli.ts'
import { Tail } from './tail.ts'

interface Count {
  readonly count: number
}

async function track(publicUrl: string, event: { readonly id: string; readonly type: string }): Promise<void> {
  const body = JSON.stringify({ source: { id: 'my-source' }, events: [event] })
  const { status } = await fetch(`${publicUrl}/track`, { method: 'POST', body })
  assert.equal(status, 200)
}

/** Events that are stored in a run. */
async function storedIn({ record, ports }: LocalRun): Promise<number> {
  const authorization = authorizationsOf(loadConfig(record.settings)).elasticsearch
  const url = `http://127.0.0.1:${ports.elasticsearch}/tracardi-event*/_count`
  const response = await fetch(url, { headers: { authorization: authorization ?? '' } })
  return response.ok ? ((await response.json()) as Count).count : 0
}

describe('two runs on one machine', () => {
  let runs: readonly [LocalRun, LocalRun]
  /** Where these runs are noted, and no others. */
  const notes = mkdtempSync(join(tmpdir(), 'two-runs-'))
  const cli = (env: Record<string, string>, ...args: string[]) => cliIn({ XDG_DATA_HOME: notes, ...env }, ...args)
  const LOAD = ['--events-per-second', '20', '--duration', '10s']

  before(async function () {
    this.timeout(300_000)
    const settings = { BULK_TIMEOUT_SECONDS: '0.2', XDG_DATA_HOME: notes }
    runs = [await LocalRun.start(settings), await LocalRun.start(settings)]
  })
  after(async () => {
    for (const run of runs ?? []) await run.stop()
    rmSync(notes, { recursive: true })
  })

  const both = async () => [await storedIn(runs[0]), await storedIn(runs[1])]
  const refused = ({ code, output, errors }: Outcome) => {
    assert.deepEqual([code, output], [1, ''])
    return errors
  }

  it('are both listed where a command names none, and none is touched', async () => {
    for (const command of [
      ['send', '--events', '20'],
      ['load-test', ...LOAD],
      ['backlog'],
      ['status'],
      ['tail'],
      ['set-up'],
      ['indices'],
      ['dead-letters', 'list'],
      ['erase', '--profile', 'profile-1'],
    ]) {
      const errors = refused(await cli({}, ...command))
      assert.match(errors, /^run_unclear: 2 runs are active on this machine, and none is named\./, command[0])
      for (const { pid, ports, home } of runs)
        assert.ok(errors.includes(`\n  pid ${pid}, http://127.0.0.1:${ports.public}, ${home}\n`), errors)
    }
    assert.deepEqual(await both(), [0, 0])
  })

  it('get what is sent to them by port, pid or folder', async () => {
    const [one, other] = runs
    const said = `Using the run on this machine at http://127.0.0.1:${other.ports.public} (pid ${other.pid}, ${other.home}).\n`
    const sent = await cli({}, 'send', '--events', '20', '--run', String(other.ports.public))
    assert.deepEqual([sent.code, sent.errors], [0, said])
    await cli({}, 'send', '--events', '30', '--run', String(one.pid))
    await cli({ TRACARDI_HOME: other.home }, 'send', '--events', '5')
    await eventually(async () => JSON.stringify(await both()) === '[30,25]')
  })

  it('show their own events: tail of one prints nothing of the other', async () => {
    const before = await both()
    const tails = runs.map(({ ports }) => new Tail({ XDG_DATA_HOME: notes }, '--run', String(ports.public), '--json'))
    try {
      for (const tail of tails) await tail.follows()
      const profiles = ['of-the-first', 'of-the-second']
      for (const [index, { record }] of runs.entries())
        await track(record.publicUrl, { id: `event-${profiles[index]}`, type: profiles[index] as string })
      for (const tail of tails) await eventually(async () => tail.events().length > 0)
      assert.deepEqual(
        tails.map((tail) => tail.events().map(({ type }) => type)),
        profiles.map((type) => [type]),
      )
      await eventually(async () => JSON.stringify(await both()) === JSON.stringify(before.map((count) => count + 1)))
    } finally {
      for (const tail of tails) await tail.stop()
    }
  })

  it('are tested apart: events, stored events and metrics are those of the named run', async () => {
    const [one, other] = runs
    const before = await both()
    const watching = new Tail({ XDG_DATA_HOME: notes }, '--run', String(one.pid), '--json')
    await watching.follows()
    const { code, output, errors } = await cli(
      {},
      ...['load-test', ...LOAD, '--target', `http://localhost:${other.ports.public}`, '--record', '-'],
    )
    assert.equal(code, 0, errors)
    const { comparison, notes: remarks, intervals } = readLoadTest(output)
    assert.deepEqual([comparison.lost, comparison.twice, remarks], [0, 0, []])
    assert.ok(intervals.every(({ api, worker }) => api?.cores.length === 1 && worker?.cores.length === 1))
    const after = await both()
    // The probe is one more.
    assert.deepEqual(after, [before[0], (before[1] ?? 0) + comparison.accepted + 1])
    await watching.stop()
    assert.deepEqual(watching.events(), [])
    for (const { ports } of [one, other]) {
      const status = await cli({}, 'status', '--api', `http://127.0.0.1:${ports.private}`)
      assert.equal(status.code, 0, status.errors)
    }
  })

  it('are not mixed up by a load test: it sends one event, and refuses when that is not in the Pulsar that it reads', async () => {
    const [one, other] = runs
    const before = await both()
    const errors = refused(
      await cli(
        other.record.settings as Record<string, string>,
        'load-test',
        ...LOAD,
        '--target',
        one.record.publicUrl,
      ),
    )
    assert.match(errors, /^targets_differ: .* did not arrive in the Pulsar at .* No load was sent/)
    await eventually(async () => (await storedIn(one)) === (before[0] ?? 0) + 1)
    assert.equal(await storedIn(other), before[1])
  })

  it('show their own console', async () => {
    for (const run of runs) {
      const token = readFileSync(join(run.home, 'run/operator.header'), 'utf8').trim().replace('Authorization: ', '')
      const at = (port: number) =>
        fetch(`http://127.0.0.1:${port}/console/state`, { headers: { authorization: token } })
      assert.equal((await at(run.ports.private)).status, 200)
      const [foreign] = runs.filter((one) => one !== run)
      assert.equal((await at(foreign?.ports.private ?? 0)).status, 401)
    }
  })

  it('are one again when the other has ended', async () => {
    const [one, other] = runs
    await other.stop()
    const sent = await cli({}, 'send', '--events', '1')
    assert.equal(sent.code, 0, sent.errors)
    assert.match(sent.errors, new RegExp(`^Using the run on this machine at http://127.0.0.1:${one.ports.public} `))
  })
})
