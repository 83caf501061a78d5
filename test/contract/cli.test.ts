import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { v7 as uuidV7 } from 'uuid'
import { freePort } from '../../runtime/local/ports.ts'
import { eventually } from '../support/until.ts'
import { cli, cliWith } from './cli.ts'
import { Pipeline } from './pipeline.ts'
import { environmentFor, servers } from './servers.ts'

describe('the commands of operators', () => {
  it('set-up makes what is missing, once, and reports what differs', async () => {
    const env = environmentFor('cli-set-up', { PULSAR_PARTITIONS: '4' })
    const first = await cli(env, 'set-up')
    assert.equal(first.code, 0)
    assert.equal(first.output.match(/^created/gm)?.length, 10)
    assert.equal(first.output.match(/^updated +retention of /gm)?.length, 1)
    const second = await cli(env, 'set-up')
    assert.equal(second.output.match(/^exists/gm)?.length, 15)
    const smaller = await cli({ ...env, PULSAR_PARTITIONS: '2' }, 'set-up')
    assert.equal(smaller.code, 0)
    assert.match(
      smaller.output,
      /^differs +topic .*it has 4 partitions, PULSAR_PARTITIONS is 2; partitions cannot be removed/m,
    )
    assert.match(smaller.output, /1 of these differ from the configuration and were left as they are\./)
  })

  it('report all faults of the configuration together', async () => {
    const outcome = await cli({ BULK_SIZE: 'many', PULSAR_API: 'localhost' }, 'worker')
    assert.equal(outcome.code, 1)
    assert.equal(outcome.output, '')
    assert.equal(
      outcome.errors,
      'config_invalid: PULSAR_API is "localhost"; allowed: http://host:port or https://host:port\n' +
        'BULK_SIZE is "many"; allowed: a whole number from 1 to 10000 events\n' +
        'Correct the environment variables that the message lists.\n',
    )
  })

  it('end with the reason when a program cannot start', async () => {
    const port = String(await freePort())
    const taken = createServer().listen(Number(port), '127.0.0.1')
    const sources = join(servers().folder, 'no-sources.json')
    const missing = await cli(environmentFor('cli-start', { SOURCES_FILE: sources }), 'api')
    assert.equal(missing.code, 1)
    assert.match(
      missing.output,
      /"code":"sources_invalid","message":"the sources file .*no-sources\.json.* cannot be read/,
    )
    const refused = await cli(environmentFor('cli-start', { PRIVATE_PORT: port }), 'worker')
    assert.equal(refused.code, 1)
    assert.match(refused.output, new RegExp(`EADDRINUSE.*127.0.0.1:${port}`))
    taken.close()
  })

  it('explain themselves', async () => {
    for (const command of [
      [],
      ['api'],
      ['worker'],
      ['set-up'],
      ['backlog'],
      ['dead-letters'],
      ['dead-letters', 'list'],
      ['dead-letters', 'replay'],
      ['dead-letters', 'export'],
      ['indices'],
      ['indices', 'expire'],
      ['send'],
      ['load-test'],
      ['local'],
    ]) {
      const { code, output } = await cli({}, ...command, '--help')
      assert.equal(code, 0)
      assert.match(output, new RegExp(`^Usage: tracardi ${command.join(' ')}`))
    }
  })

  describe('on a pipeline', () => {
    let pipeline: Pipeline

    before(async () => {
      pipeline = await Pipeline.create('cli', { BULK_TIMEOUT_SECONDS: '0.2' })
      await pipeline.startApi()
    })
    after(() => pipeline.close())

    it('send posts a generated load and reports how it went', async () => {
      const { code, output } = await cli(
        {},
        'send',
        '--url',
        pipeline.publicUrl,
        '--events',
        '1000',
        '--per-call',
        '50',
      )
      assert.equal(code, 0)
      assert.match(output, /^1,000 events answered 200 in [\d.]+ s: [\d,.]+ events\/s\nanswers: 200 × 20; latency p50/)
    })

    it('backlog shows messages and events', async () => {
      const { output } = await cli(pipeline.env, 'backlog')
      assert.match(output, /functions-partition-9 +tracardi-function-subscription/)
      assert.match(output, /messages with (about )?1,000 events; at the present rates/)
      const json = JSON.parse((await cli(pipeline.env, 'backlog', '--json')).output) as { events: number }
      assert.equal(json.events, 1000)
    })

    it('send takes events and calls from standard input, and writes the ids that were taken', async () => {
      const [one, two] = [uuidV7(), uuidV7()]
      const lines = [
        JSON.stringify({ id: one, type: 'a', properties: { n: 1 } }),
        '',
        JSON.stringify({ source: { id: 'my-source' }, session: { id: 's' }, events: [{ id: two, type: 'b' }] }),
      ]
      const accepted = join(servers().folder, 'accepted.txt')
      const outcome = await cliWith(
        {},
        lines.join('\n'),
        'send',
        '-',
        '--url',
        pipeline.publicUrl,
        '--accepted',
        accepted,
      )
      assert.equal(outcome.code, 0, outcome.errors)
      assert.match(outcome.output, /^2 events answered 200/)
      assert.deepEqual(readFileSync(accepted, 'utf8').trim().split('\n').sort(), [one, two].sort())
    })

    it('write no file that already exists', async () => {
      const present = join(servers().folder, 'present.txt')
      writeFileSync(present, 'kept')
      for (const command of [
        ['dead-letters', 'export', present],
        ['send', '--events', '1', '--url', pipeline.publicUrl, '--accepted', present],
      ]) {
        const outcome = await cli(pipeline.env, ...command)
        assert.equal(outcome.code, 1)
        assert.match(
          outcome.errors,
          /^command_invalid: the file ".*present\.txt" cannot be created; name one that does not exist yet: EEXIST/,
        )
      }
      assert.equal(readFileSync(present, 'utf8'), 'kept')
    })

    it('send names the line that is neither', async () => {
      const outcome = await cliWith({}, '{"type":"a"}\n[1]\n', 'send', '-', '--url', pipeline.publicUrl)
      assert.equal(outcome.code, 1)
      assert.match(
        outcome.errors,
        /^command_invalid: line 2 is neither an event \(with "type"\) nor a call \(with "events"\)/,
      )
    })

    it('send fails when events are refused, and shows the first refusal', async () => {
      const outcome = await cliWith({}, '{"type":"a","id":7}', 'send', '-', '--url', pipeline.publicUrl)
      assert.equal(outcome.code, 1)
      assert.match(outcome.output, /1 events were refused; the first refusal: 422: /)
    })

    it('send and load-test send nothing to what refuses every call, or is no API', async () => {
      const load = ['--events-per-second', '10', '--duration', '10s']
      const refused = [
        [
          ['send', '--source', 'nobody', '--url'],
          pipeline.publicUrl,
          /^api_refused: .* refuses every call of the source "nobody" \(401\)/,
        ],
        [
          ['load-test', '--source', 'nobody', ...load, '--target'],
          pipeline.publicUrl,
          /^api_refused: .*"nobody" \(401\)/,
        ],
        [
          ['send', '--url'],
          pipeline.privateUrl,
          /^api_unavailable: .* is not the public listener of an API: it answered 404/,
        ],
        [
          ['send', '--url'],
          'http://127.0.0.1:9',
          /^api_unavailable: .* does not answer at http:\/\/127\.0\.0\.1:9: connect ECONNREFUSED/,
        ],
        [['status', '--api'], pipeline.publicUrl, /^api_unavailable: /],
        [['send', '--url'], 'notaurl', /^command_invalid: --url is "notaurl"; allowed: a URL like/],
      ] as const
      for (const [command, url, reason] of refused) {
        const outcome = await cli(pipeline.env, ...command, url)
        assert.deepEqual([outcome.code, outcome.output], [1, ''], url)
        assert.match(outcome.errors, reason)
      }
    })

    it('indices lists what there is, and expires only on an explicit word', async () => {
      await pipeline.startWorker()
      await pipeline.untilStored(1002)
      await eventually(async () => (await pipeline.backlog()) === 0)
      await pipeline.search.index({ index: `${pipeline.eventAlias}-2020-01`, document: { id: 'old' } })
      const listed = await cli({ ...pipeline.env, EVENT_RETENTION_DAYS: '90' }, 'indices')
      assert.match(listed.output, /cli-event-2020-01 .* expired$/m)
      assert.match(listed.output, /^cli-session /m)
      const dry = await cli({ ...pipeline.env, EVENT_RETENTION_DAYS: '90' }, 'indices', 'expire')
      assert.match(dry.output, /^Expired: cli-event-2020-01 [\s\S]*Nothing was deleted\. Repeat with --apply/)
      assert.match(
        (await cli(pipeline.env, 'indices', 'expire', '--apply')).output,
        /^EVENT_RETENTION_DAYS, SESSION_.* are 0/,
      )
      const applied = await cli({ ...pipeline.env, EVENT_RETENTION_DAYS: '90' }, 'indices', 'expire', '--apply')
      assert.equal(applied.output, 'Deleted: cli-event-2020-01\n')
      assert.equal(await pipeline.count(), 1002)
    })

    it('dead-letters says that there are none', async () => {
      assert.equal((await cli(pipeline.env, 'dead-letters', 'list')).output, 'Waiting: 0 dead letters; shown: 0.\n')
    })

    it('a server that is down is an error with a way out', async () => {
      const outcome = await cli({ ...pipeline.env, PULSAR_API: 'http://127.0.0.1:9' }, 'backlog')
      assert.equal(outcome.code, 1)
      assert.match(
        outcome.errors,
        /^queue_admin: Pulsar does not answer at http:\/\/127\.0\.0\.1:9: .*ECONNREFUSED.*\nCheck PULSAR_API/,
      )
    })
  })
})
