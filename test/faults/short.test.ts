import assert from 'node:assert/strict'
import { adviceTable } from './advice-report.ts'
import { FAULTS } from './faults.ts'
import { seeded } from './random.ts'
import { tableOf } from './report.ts'
import { runFaults } from './run.ts'
import { DEAD_LETTERS_OF_SUM } from './sum.ts'
import { System } from './system.ts'

/** Those of the faults that need no restart of a server, each once. All of them, for as long as you like: `npm run test:faults`. */
const SHORT = FAULTS.filter(({ name }) => !/restarted|again and again|idle connections|outranks/.test(name))
const SEED = Number(process.env['FAULTS_SEED'] ?? 1)

describe('faults under load', () => {
  let system: System | undefined

  before(async () => {
    const transport = process.env['PULSAR_TRANSPORT'] ?? 'auto'
    system = await System.start({ random: seeded(~SEED), transport, eventsPerSecond: 500 })
  })
  // What does not start says so itself.
  after(() => system?.close())

  it('lose nothing that got a 200, and store nothing twice', async () => {
    assert.ok(system)
    const report = await runFaults(system, SHORT, seeded(SEED), ({ fault, recoveryMs }) =>
      process.stdout.write(`      ${fault}: recovered after ${(recoveryMs / 1000).toFixed(1)} s\n`),
    )
    process.stdout.write(`${[tableOf(report.rows), '', adviceTable(report.advice), ...report.notes].join('\n')}\n`)
    // The advice is shown here, and judged by the long run: on a machine that tests share, servers are slow, and the console says so.
    assert.deepEqual(report.violations, [])
    for (const { fault, lost, twice } of report.rows)
      assert.deepEqual({ fault, lost, twice }, { fault, lost: 0, twice: 0 })
    for (const { name } of SHORT) assert.ok((report.comparisons.get(name)?.accepted ?? 0) > 0, name)
    // One in each of 20 calls, and those of the sum; each is stored in the end.
    assert.equal(report.deadLetters, 20 + DEAD_LETTERS_OF_SUM)
  })
})
