import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  elasticsearchLimitMib,
  type Jvm,
  jvmMemory,
  jvmOptions,
  nodeHeapMib,
} from '../../../infra/kubernetes/memory.ts'
import { changed, registeredBy, STACKS } from '../../support/stack.ts'
import { containersOf, mib, podTemplates } from '../../support/workloads.ts'

const JVMS: readonly Jvm[] = ['zookeeper', 'bookkeeper', 'autorecovery', 'broker', 'proxy']

describe('the memory of a JVM', () => {
  it('adds up to the limit, with 224 MiB at least for the rest', () => {
    fc.assert(
      fc.property(fc.constantFrom(...JVMS), fc.integer({ min: 512, max: 262_144 }), (jvm, limit) => {
        const { heapMib, directMib, overheadMib } = jvmMemory(jvm, limit)
        assert.equal(heapMib + directMib + overheadMib, limit)
        assert.ok(overheadMib >= 224 && overheadMib >= limit * 0.22)
        assert.ok(Number.isInteger(heapMib) && Number.isInteger(directMib))
        assert.ok(heapMib >= 100 && directMib >= 50)
      }),
    )
  })

  const cases: readonly (readonly [Jvm, number, number, number, number])[] = [
    ['zookeeper', 1024, 638, 160, 226],
    ['bookkeeper', 4096, 1277, 1917, 902],
    ['autorecovery', 512, 172, 116, 224],
    ['broker', 4096, 1437, 1757, 902],
    ['proxy', 1024, 399, 399, 226],
  ]
  for (const [jvm, limit, heapMib, directMib, overheadMib] of cases) {
    it(`of ${jvm} with ${limit} MiB is ${heapMib} of heap and ${directMib} next to it`, () => {
      assert.deepEqual(jvmMemory(jvm, limit), { heapMib, directMib, overheadMib })
    })
  }

  it('gets all of it, and a JVM that runs out of it exits', () => {
    assert.equal(
      jvmOptions({ heapMib: 638, directMib: 160, overheadMib: 226 }),
      '-Xms638m -Xmx638m -XX:MaxDirectMemorySize=160m -XX:+ExitOnOutOfMemoryError',
    )
  })
})

describe('the memory of Elasticsearch', () => {
  it('is twice the heap', () => {
    assert.equal(elasticsearchLimitMib(4096), 8192)
  })

  for (const stack of STACKS) {
    it(`has a heap of half the limit on every node of ${stack}`, async () => {
      const resources = await registeredBy(changed(stack))
      const nodes = podTemplates(resources).filter(
        ({ kind, name }) => kind === 'StatefulSet' && name.startsWith('elastic'),
      )
      assert.ok(nodes.length > 0)
      for (const { name, spec } of nodes) {
        const options = resources.find((r) => r.type.endsWith(':ConfigMap') && r.inputs.metadata.name === name)
        const heap = mib(spec.containers[0].resources.limits.memory) / 2
        const lines = options?.inputs.data['heap.options'].split('\n')
        assert.deepEqual(lines.slice(0, 2), [`-Xms${heap}m`, `-Xmx${heap}m`])
      }
    })
  }
})

describe('the memory of a Node.js program', () => {
  it('leaves two fifths of every limit for memory outside of the heap', () => {
    fc.assert(
      fc.property(fc.integer({ min: 256, max: 262_144 }), (limit) => {
        const heap = nodeHeapMib(limit)
        assert.ok(Number.isInteger(heap) && heap <= limit * 0.6 && heap > limit * 0.6 - 1)
      }),
    )
    assert.equal(nodeHeapMib(256), 153)
    assert.equal(nodeHeapMib(512), 307)
  })

  it('learns it from the limit of its container', async () => {
    const templates = podTemplates(await registeredBy(changed('dev', { workers: { memoryMib: 1000 } })))
    const options = templates.flatMap(({ spec }) =>
      containersOf(spec).flatMap(({ name, env }) =>
        env
          .filter((entry: { name: string }) => entry.name === 'NODE_OPTIONS')
          .map((entry: { value: string }) => [name, entry.value]),
      ),
    )
    assert.deepEqual(Object.fromEntries(options), {
      api: '--max-old-space-size=230',
      worker: '--max-old-space-size=600',
      'set-up': '--max-old-space-size=153',
      erase: '--max-old-space-size=307',
      replay: '--max-old-space-size=307',
    })
  })
})
