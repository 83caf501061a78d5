import assert from 'node:assert/strict'
import { changed, registeredBy } from '../../support/stack.ts'
import { ofType, podTemplates } from '../../support/workloads.ts'

describe('the erasure of a stack', () => {
  it('never runs by itself, and its Jobs do not begin again', async () => {
    const jobs = ofType(await registeredBy(changed('dev')), 'CronJob').map(({ inputs }) => inputs)
    const { spec } = jobs.find(({ metadata }) => metadata.name === 'erase') ?? assert.fail('no erasure')
    assert.deepEqual([spec.suspend, spec.jobTemplate.spec.backoffLimit], [true, 0])
  })

  it('erases whom the environment of a Job names, with the token of the API, which may read dead letters', async () => {
    const templates = podTemplates(await registeredBy(changed('staging')))
    const { spec } = templates.find(({ name }) => name === 'erase') ?? assert.fail('no erasure')
    const [container] = spec.containers
    assert.deepEqual(container.args, [
      ...['erase', '--profile', '$(ERASE_PROFILE)', '--by', '$(ERASE_BY)'],
      ...['--documents-per-second', '$(ERASE_DOCUMENTS_PER_SECOND)', '$(ERASE_MODE)'],
    ])
    const env = Object.fromEntries(
      container.env.map(({ name, value }: { name: string; value: string }) => [name, value]),
    )
    assert.deepEqual(
      ['ERASE_PROFILE', 'ERASE_BY', 'ERASE_DOCUMENTS_PER_SECOND', 'ERASE_MODE'].map((name) => env[name]),
      ['', 'operator', '1000', '--no-lift'],
    )
    const secrets = spec.volumes.map(({ secret }: { secret?: { secretName: string } }) => secret?.secretName)
    assert.ok(secrets.includes('pulsar-token-api'))
  })
})
