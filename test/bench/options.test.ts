import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { lineIds, shardLineIds } from '../../bench/line.ts'
import { type BenchOptions, parseOptions } from '../../bench/options.ts'
import { AppError } from '../../runtime/errors.ts'

function parsed(...args: string[]): BenchOptions {
  const options = parseOptions(args)
  assert.notEqual(options, 'help')
  return options as BenchOptions
}

function refusal(...args: string[]): string {
  try {
    parseOptions(args)
  } catch (error) {
    assert.ok(error instanceof AppError)
    assert.equal(error.code, 'command_invalid')
    return error.message
  }
  return assert.fail('the options were taken')
}

describe('the options of the bench', () => {
  it('measure what watching costs instead when that is asked for', () => {
    const options = parseOptions(['--watched'])
    assert.equal(options !== 'help' && options.watched, true)
  })

  it('simulate the pool instead when that is asked for', () => {
    const options = parseOptions(['--pool'])
    assert.equal(options !== 'help' && options.pool, true)
  })

  it('measure the worst bodies instead when that is asked for', () => {
    const options = parseOptions(['--worst'])
    assert.equal(options !== 'help' && options.worst, true)
  })

  it('measure what fields cost instead when that is asked for', () => {
    assert.equal(parsed('--mapping').mapping, true)
  })

  it('measure every line five times with realistic documents when nothing is said', () => {
    assert.deepEqual(parsed(), {
      rounds: 5,
      storeSeconds: 4,
      warmUpSeconds: 60,
      edgeSeconds: 3,
      lines: lineIds,
      mixes: ['realistic'],
      scale: false,
      worst: false,
      pool: false,
      mapping: false,
      watched: false,
      profile: false,
      results: join(import.meta.dirname, '../../bench/results'),
    })
  })

  it('choose lines in the order of the table, and documents', () => {
    assert.deepEqual(parsed('--only', 'chain, ceiling').lines, ['ceiling', 'chain'])
    assert.deepEqual(parsed('--bytes', '2500,120').mixes, ['small', 'large'])
    assert.deepEqual(parsed('--bytes=120,650,2500').mixes, ['small', 'realistic', 'large'])
  })

  it('make one short round, of which more can be asked', () => {
    assert.deepEqual([parsed('--quick').rounds, parsed('--quick').storeSeconds], [1, 1])
    assert.equal(parsed('--quick', '--rounds', '2').rounds, 2)
  })

  it('refuse rounds that are not a number from 1 to 100', () => {
    for (const rounds of ['0', '101', 'many', '1.5']) {
      assert.equal(refusal('--rounds', rounds), `--rounds is "${rounds}"; allowed: a whole number from 1 to 100`)
    }
  })

  it('refuse names that they do not know, and list the ones they do', () => {
    assert.equal(refusal('--bytes', '650,huge'), '--bytes names "huge"; allowed: 120, 650, 2500, separated by commas')
    assert.match(
      refusal('--only', 'roof'),
      /^--only names "roof"; allowed: ceiling, ceiling-large, ceiling-states, helper, go, /,
    )
  })

  it('fix the events of a round, in whole bulks', () => {
    assert.equal(parsed('--events', '100000').events, 100_000)
    for (const events of ['4500', '300500', '20001', 'many', '-500']) {
      assert.equal(
        refusal(`--events=${events}`),
        `--events is "${events}"; allowed: a whole number from 5000 to 300000 in steps of 500`,
      )
    }
  })

  it('say where the results go', () => {
    assert.equal(parsed('--results', 'some/where').results, resolve('some/where'))
    assert.equal(
      refusal('--results='),
      '--results is ""; allowed: the path of a folder, which is created when it does not exist',
    )
  })

  it('measure what shards cost instead, in the order of their number', () => {
    assert.deepEqual(parsed('--shards', '12, 1,24,12').shards, { numbers: [1, 12, 24], lines: shardLineIds })
    assert.deepEqual(parsed('--shards', '3', '--only', 'chain,ceiling').shards?.lines, ['ceiling', 'chain'])
    assert.equal(parsed().shards, undefined)
  })

  it('refuse numbers of shards that no index of a bench has, and lines that are not measured for shards', () => {
    for (const [shards, wrong] of [
      ['0', '0'],
      ['3,65', '65'],
      ['3,', ''],
      ['1.5', '1.5'],
      ['many', 'many'],
    ]) {
      assert.equal(
        refusal(`--shards=${shards}`),
        `--shards names "${wrong}"; allowed: whole numbers from 1 to 64, separated by commas`,
      )
    }
    assert.equal(
      refusal('--shards', '3', '--only', 'edge'),
      '--only names "edge"; allowed: ceiling, ceiling-by-shard, worker, chain, stored-time, separated by commas',
    )
    assert.equal(refusal('--shards', '3', '--scale'), '--shards and --scale exclude each other: give one')
    assert.equal(refusal('--shards', '3', '--worst'), '--shards and --worst exclude each other: give one')
  })

  it('compare with another checkout, which must be one that can run', () => {
    const folder = mkdtempSync(join(tmpdir(), 'bench-options-'))
    const allowed = 'allowed: the folder of a checkout of this repository in which `npm install` has run'
    const refused = () => refusal('--shards', '3', '--compare', folder)
    try {
      assert.equal(refused(), `--compare is "${folder}", and ${folder}/runtime/cli.ts does not exist; ${allowed}`)
      mkdirSync(join(folder, 'runtime'))
      writeFileSync(join(folder, 'runtime/cli.ts'), '')
      assert.equal(refused(), `--compare is "${folder}", and ${folder}/node_modules does not exist; ${allowed}`)
      mkdirSync(join(folder, 'node_modules'))
      assert.equal(parsed('--shards', '3', '--compare', folder).shards?.compare, folder)
    } finally {
      rmSync(folder, { recursive: true })
    }
    assert.match(refusal('--shards', '3', '--compare='), /^--compare is "", and /)
    assert.equal(refusal('--compare', 'x'), '--compare is "x" without --shards; add --shards 1,3,12,24')
  })

  it('refuse an unknown option, and show the known ones', () => {
    assert.match(refusal('--fast'), /^Unknown option '--fast'[\s\S]*--rounds <number>/)
  })

  it('explain themselves', () => {
    assert.equal(parseOptions(['--help']), 'help')
  })
})
