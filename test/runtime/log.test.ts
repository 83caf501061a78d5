import assert from 'node:assert/strict'
import { settings } from '../../runtime/config.ts'
import { AppError } from '../../runtime/errors.ts'
import { createLogger } from '../../runtime/log.ts'
import type { EnvSetting } from '../../runtime/setting.ts'
import { recordingLog } from '../support/log.ts'

const SECRET = 'do-not-tell'

describe('a log', () => {
  const secrets = Object.entries<EnvSetting>(settings).filter(
    ([, setting]) => setting.type === 'string' && setting.secret,
  )

  it('knows the secrets of the configuration', () => {
    assert.deepEqual(secrets.map(([key]) => key).sort(), [
      'elasticApiKey',
      'elasticPassword',
      'otlpHeaders',
      'privateToken',
      'pulsarAuthToken',
    ])
  })

  for (const name of [
    ...secrets.flatMap(([key, { env }]) => [key, env]),
    'authorization',
    'cookie',
    'password',
    'token',
  ]) {
    it(`never writes ${name}, wherever in a record it is`, () => {
      const { log, lines } = recordingLog()
      log.info({ [name]: SECRET, config: { [name]: SECRET }, request: { headers: { [name]: SECRET } } }, 'a record')
      assert.equal(lines.length, 1)
      assert.ok(!JSON.stringify(lines).includes(SECRET))
      assert.equal(lines[0]?.[name], '[redacted]')
    })
  }

  it('is lines of JSON with time, program and the facts of the record', () => {
    const { log, lines } = recordingLog()
    log.warn({ topic: 'functions' }, 'connection to Pulsar lost')
    const { time, ...rest } = lines[0] as { time: string }
    assert.match(time, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
    assert.deepEqual(rest, { level: 40, program: 'test', topic: 'functions', msg: 'connection to Pulsar lost' })
  })

  it('has the code, the context and the causes of a fault, and no secret of its context', () => {
    const { log, lines } = recordingLog()
    const cause = new AppError('queue_refused', 'the token is not valid', { context: { token: SECRET } })
    log.warn({ err: new AppError('queue_unavailable', 'not connected', { cause, context: { topic: 't' } }) }, 'lost')
    assert.deepEqual(lines[0]?.['err'], {
      type: 'AppError',
      code: 'queue_unavailable',
      message: 'not connected',
      context: { topic: 't' },
      cause: {
        type: 'AppError',
        code: 'queue_refused',
        message: 'the token is not valid',
        context: { token: '[redacted]' },
      },
    })
  })

  it('omits what is less severe than asked for', () => {
    const lines: string[] = []
    const log = createLogger({ logLevel: 'warn' }, 'test', { write: (line: string) => lines.push(line) > 0 })
    log.info('not this')
    log.error('but this')
    assert.equal(lines.length, 1)
  })
})
