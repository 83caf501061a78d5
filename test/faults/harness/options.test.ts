import assert from 'node:assert/strict'
import { expectedAdvice } from '../expected-advice.ts'
import { FAULTS, FULL_DISK, withoutElasticsearch } from '../faults.ts'
import { chosenOf, optionsOf } from '../options.ts'

describe('the options of a long run', () => {
  it('have defaults', () => {
    assert.deepEqual(optionsOf([], 7), {
      minutes: 30,
      seed: 7,
      only: '',
      eventsPerSecond: 1000,
      transport: 'auto',
      outageSeconds: 0,
      searchDiskMib: 0,
      report: undefined,
    })
  })

  it('are all taken', () => {
    const given = [
      '--minutes',
      '2',
      '--seed',
      '0',
      '--only',
      'cut',
      '--events-per-second',
      '20',
      '--transport',
      'native',
    ]
    assert.deepEqual(optionsOf([...given, '--outage-seconds', '60', '--report', 'report.json'], 7), {
      minutes: 2,
      seed: 0,
      only: 'cut',
      eventsPerSecond: 20,
      transport: 'native',
      outageSeconds: 60,
      searchDiskMib: 0,
      report: 'report.json',
    })
    assert.equal(optionsOf(['--help'], 7), 'help')
  })

  for (const [args, message] of [
    [['--minutes', '0'], '--minutes is "0"; allowed: a whole number from 1 to 1440'],
    [['--minutes', ''], '--minutes is ""; allowed: a whole number from 1 to 1440'],
    [['--seed', '1e3'], '--seed is "1e3"; allowed: a whole number from 0 to 2147483647'],
    [['--transport', 'carrier-pigeon'], '--transport is "carrier-pigeon"; allowed: auto, native, websocket'],
  ] as const) {
    it(`are refused with what is allowed: ${args.join(' ')}`, () => {
      assert.throws(() => optionsOf(args, 7), { message })
    })
  }

  it('are refused when there is no such option', () => {
    assert.throws(() => optionsOf(['--minute', '1'], 7), { code: 'ERR_PARSE_ARGS_UNKNOWN_OPTION' })
  })
})

describe('the faults that --only chooses', () => {
  const all = [...FAULTS, FULL_DISK]
  const chosen = (only: string) => chosenOf(all, only).map(({ name }) => name)

  it('are one where it is the whole name, although other names contain that', () => {
    for (const { name } of all) assert.deepEqual(chosen(name), [name])
  })

  it('are all whose name contains it where it is a part', () => {
    assert.deepEqual(chosen('again'), ['worker killed (-9) again and again: everything comes twice'])
    assert.deepEqual(
      chosen(''),
      all.map(({ name }) => name),
    )
    assert.deepEqual(chosen('earthquake'), [])
  })
})

describe('the advice that is expected', () => {
  it('is known for each fault, and for no other', () => {
    for (const { name } of [...FAULTS, FULL_DISK, withoutElasticsearch(60)]) assert.ok(expectedAdvice(name), name)
    assert.throws(() => expectedAdvice('earthquake'), {
      message: 'there is no expected advice for the fault "earthquake"',
    })
  })
})
