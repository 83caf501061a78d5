import assert from 'node:assert/strict'
import { changed, registeredBy } from '../../support/stack.ts'
import { ofType, podTemplates } from '../../support/workloads.ts'

describe('the replay of a stack', () => {
  it('never runs by itself, and its Jobs do not begin again', async () => {
    const jobs = ofType(await registeredBy(changed('dev')), 'CronJob').map(({ inputs }) => inputs)
    const { spec } = jobs.find(({ metadata }) => metadata.name === 'replay') ?? assert.fail('no replay')
    assert.equal(spec.suspend, true)
    assert.equal(spec.jobTemplate.spec.backoffLimit, 0)
    assert.equal(spec.jobTemplate.spec.template.spec.restartPolicy, 'Never')
  })

  it('does what the environment of a Job says, with the token and the settings of a worker', async () => {
    const templates = podTemplates(await registeredBy(changed('staging')))
    const { spec } = templates.find(({ name }) => name === 'replay') ?? assert.fail('no replay')
    const [container] = spec.containers
    assert.deepEqual(container.args, [
      'replay',
      '--from',
      '$(REPLAY_FROM)',
      '--to',
      '$(REPLAY_TO)',
      '--events-per-second',
      '$(REPLAY_EVENTS_PER_SECOND)',
    ])
    const env = Object.fromEntries(
      container.env.map(({ name, value }: { name: string; value: string }) => [name, value]),
    )
    assert.deepEqual(container.envFrom, [{ configMapRef: { name: 'worker-settings' } }])
    const of = (...names: readonly string[]) => names.map((name) => env[name])
    assert.deepEqual(of('REPLAY_FROM', 'REPLAY_TO', 'REPLAY_EVENTS_PER_SECOND'), ['earliest', 'now', '2000'])
    assert.deepEqual(of('PULSAR_AUTH_TOKEN_FILE', 'PRIVATE_TOKEN_FILE'), ['/secrets/pulsar/token', undefined])
    const secrets = spec.volumes.map(({ secret }: { secret?: { secretName: string } }) => secret?.secretName)
    assert.ok(secrets.includes('pulsar-token-worker'))
  })
})
