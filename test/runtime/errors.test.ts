import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { AppError, errorCodes, errorRecord, explain, messageOf } from '../../runtime/errors.ts'

describe('AppError', () => {
  it('knows by its code whether it may pass', () => {
    assert.equal(new AppError('queue_unavailable', 'x').retryable, true)
    assert.equal(new AppError('queue_refused', 'x').retryable, false)
  })

  it('keeps its cause and context', () => {
    const cause = new Error('refused')
    const error = new AppError('queue_admin', 'Pulsar does not answer', { cause, context: { status: 0 } })
    assert.equal(error.cause, cause)
    assert.deepEqual(error.context, { status: 0 })
    assert.ok(!('cause' in new AppError('queue_admin', 'x')))
  })

  it('has a remedy for every code', () => {
    for (const [code, { remedy }] of Object.entries(errorCodes)) assert.match(remedy, /^[A-Z].*\.$/, code)
  })
})

describe('messageOf', () => {
  it('reports the chain of causes', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:9200'), { code: 'ECONNREFUSED' })
    const error = new AppError('search_unavailable', 'Elasticsearch does not answer', { cause: refused })
    assert.equal(messageOf(error), 'Elasticsearch does not answer: connect ECONNREFUSED 127.0.0.1:9200')
  })

  it('leaves a cause out that says the same', () => {
    const inner = new Error('refused')
    assert.equal(messageOf(new Error('refused', { cause: new Error('refused', { cause: inner }) })), 'refused')
    assert.equal(messageOf(new Error('a', { cause: new Error('b', { cause: new Error('b') }) })), 'a: b')
  })

  it('describes anything that was thrown', () => {
    assert.equal(messageOf(Object.assign(new Error(''), { code: 'ECONNREFUSED' })), 'ECONNREFUSED')
    assert.equal(messageOf(new TypeError('')), 'TypeError')
    assert.equal(messageOf('text'), 'text')
    assert.equal(messageOf(undefined), 'undefined')
  })
})

describe('the record of a fault', () => {
  it('has code, context and the chain of causes, and a stack only of what was not thrown on purpose', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
    const error = new AppError('queue_admin', 'Pulsar does not answer', { cause: refused, context: { status: 0 } })
    assert.deepEqual(errorRecord(error), {
      type: 'AppError',
      code: 'queue_admin',
      message: 'Pulsar does not answer',
      context: { status: 0 },
      cause: { type: 'Error', code: 'ECONNREFUSED', message: 'connect ECONNREFUSED', stack: refused.stack },
    })
    assert.deepEqual(errorRecord(new AppError('queue_admin', 'x')), {
      type: 'AppError',
      code: 'queue_admin',
      message: 'x',
    })
  })

  it('ends where causes go round', () => {
    const loop = new AppError('queue_admin', 'x')
    loop.cause = loop
    let [record, depth] = [errorRecord(loop), 0]
    for (; record.cause; record = record.cause) depth += 1
    assert.equal(depth, 5)
  })

  it('is made of anything that was thrown', () => {
    assert.deepEqual(errorRecord('text'), { type: 'string', message: 'text' })
    assert.deepEqual(errorRecord(undefined), { type: 'undefined', message: 'undefined' })
  })
})

describe('what a command reports', () => {
  it('begins with the code, and ends with what to do', () => {
    assert.equal(
      explain(new AppError('set_up_missing', 'no topic')),
      'set_up_missing: no topic\nRun `set-up` with the same configuration.',
    )
  })
})

describe('the codes', () => {
  const sources = globSync(['runtime/**/*.ts', 'infra/**/*.ts'], { exclude: (name) => /node_modules|dist/.test(name) })
  const text = sources
    .filter((file) => file !== 'runtime/errors.ts')
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n')
  const documented = [...readFileSync('docs/errors.md', 'utf8').matchAll(/^\| `(\w+)` \|/gm)].map(([, code]) => code)

  it('are all in docs/errors.md, and no other code is', () => {
    assert.deepEqual(documented, Object.keys(errorCodes))
  })

  it('are each used', () => {
    const unused = Object.keys(errorCodes).filter((code) => !text.includes(`'${code}'`))
    assert.deepEqual(unused, [])
  })

  it('are on every error that is thrown on purpose', () => {
    // A mistake of the caller within the code, or of a library that shows the text to its user, has no code.
    const without = sources
      .filter((file) => !/runtime\/(tracker|sdk)\//.test(file))
      .flatMap((file) =>
        [...readFileSync(file, 'utf8').matchAll(/throw new ((?:Type|Range)?Error)\(/g)].map(() => file),
      )
    assert.deepEqual(without.sort(), WITHOUT_CODE)
  })
})

/** Where a plain Error says that the code itself is at fault, or is caught by its caller and wrapped. */
const WITHOUT_CODE = [
  'infra/commands/doctor.ts',
  'infra/commands/doctor.ts',
  'infra/commands/pipeline.ts',
  'infra/commands/sizing.ts',
  'infra/kubernetes/config-files.ts',
  'infra/kubernetes/config-files.ts',
  'infra/observability/pod-monitor.ts',
  'infra/sizing/coefficients.ts',
  'infra/sizing/coefficients.ts',
  'runtime/canary/canary.ts',
  'runtime/canary/canary.ts',
]
