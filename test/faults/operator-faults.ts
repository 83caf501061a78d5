import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { templatesOf } from '../../runtime/search/templates.ts'
import { eventually } from '../support/until.ts'
import type { Fault } from './fault.ts'
import { post } from './load.ts'
import type { System } from './system.ts'

/** Calls of one kind of refusal: enough to be noticed next to the load. */
const REFUSED_CALLS = 60
const REFUSED_EVERY_MS = 50

async function postRefused({ pipeline, console }: System, call: object, status: number): Promise<void> {
  for (let number = 0; number < REFUSED_CALLS; number += 1) {
    const answered = await post(pipeline.publicUrl, call as Parameters<typeof post>[1])
    if (answered !== status) throw new Error(`a wrong call was answered ${answered}; expected: ${status}`)
    await sleep(REFUSED_EVERY_MS)
  }
  await console.hold()
}

/** What operators and senders do wrong, and what hangs without an end. */
export const OPERATOR_FAULTS: readonly Fault[] = [
  {
    name: 'calls of a source that does not exist',
    inject: (system) => postRefused(system, { source: { id: 'nobody' }, events: [{ type: 'a' }] }, 401),
  },
  {
    name: 'calls with faults',
    inject: (system) => postRefused(system, { source: { id: 'my-source' }, events: [{ type: 7 }] }, 422),
  },
  {
    name: 'a sources file that is not JSON',
    inject: async ({ pipeline, console }) => {
      const { sourcesFile } = pipeline.config
      const good = readFileSync(sourcesFile, 'utf8')
      writeFileSync(sourcesFile, good.replace('}', ',}'))
      try {
        await sleep(3000)
        await console.hold()
      } finally {
        writeFileSync(sourcesFile, good)
      }
    },
  },
  {
    name: 'worker paused (SIGSTOP)',
    inject: async ({ worker, console }, random) => {
      worker.pause()
      try {
        await sleep(random.between(3000, 8000))
        await console.hold()
      } finally {
        worker.continue()
      }
    },
  },
  {
    name: 'a policy that drops messages (TTL)',
    inject: async (system) => {
      // Long enough that nothing is dropped.
      await system.pulsar('POST', '/messageTTL?messageTTL=86400')
      try {
        await sleep(3000)
        await system.console.hold()
      } finally {
        await system.pulsar('POST', '/messageTTL?messageTTL=0')
      }
    },
  },
  {
    name: 'Elasticsearch hangs',
    inject: async ({ searchProxy, console }, random) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      searchProxy.hanging = promise
      await sleep(random.between(3000, 8000))
      await console.hold()
      searchProxy.hanging = undefined
      resolve()
    },
  },
  {
    name: 'a pipeline that does not exist (index.default_pipeline)',
    inject: async ({ search, pipeline, console }, random) => {
      const index = `${pipeline.eventAlias}-*`
      const set = (name: string | null) =>
        search.indices.putSettings({ index, settings: { 'index.default_pipeline': name } as never })
      await set('nobody-made-it')
      try {
        await sleep(random.between(2000, 6000))
        await console.hold()
      } finally {
        await set(null)
      }
    },
  },
  {
    name: 'another template that outranks ours',
    inject: async ({ search, pipeline, console }) => {
      const [ours] = templatesOf(pipeline.config)
      const name = 'somebody-elses'
      if (!ours) return
      const { priority, ...body } = ours.body
      await search.indices.putIndexTemplate({ name, ...body, priority: priority + 100 } as never)
      try {
        await console.hold()
      } finally {
        await search.indices.deleteIndexTemplate({ name })
      }
      await eventually(async () => !(await search.indices.existsIndexTemplate({ name })))
    },
  },
]
