import assert from 'node:assert/strict'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { changed, registeredBy, STACKS, type StackName } from '../../support/stack.ts'
import { podTemplates } from '../../support/workloads.ts'
import { ScriptFolder, syntaxFaults } from './script.ts'

type Changes = Readonly<Record<string, unknown>>

/** The container that runs the script, of the Job before the sets or after them. */
async function container(stack: StackName, when: 'before' | 'after', changes: Changes = {}) {
  const templates = podTemplates(await registeredBy(changed(stack, changes)))
  const { spec } = templates.find(({ name }) => name.startsWith(`bookkeeper-drain-${when}-`)) ?? assert.fail('no drain')
  const all = [...spec.initContainers, ...spec.containers].map(({ name }: { name: string }) => name)
  return { order: all, ...[...spec.initContainers, ...spec.containers].find(({ name }) => name === 'bookies') }
}

const idOf = (ordinal: number) => `bookkeeper-${ordinal}.bookkeeper.tracardi.svc.cluster.local:3181`
const MANAGED_LEDGER = Buffer.from('public/default/persistent/orders-partition-0').toString('base64')
const CURSOR_OF_OTHERS = Buffer.from('not/a-topic').toString('base64')
const OPEN = `LedgerMetadata{state=OPEN, customMetadata={pulsar/managed-ledger=base64:${MANAGED_LEDGER}, component=x}}`
const STRANGE = `LedgerMetadata{state=OPEN, customMetadata={pulsar/managed-ledger=base64:${CURSOR_OF_OTHERS}}}`

/** What the servers are, as BookKeeper's shell reports it. */
interface Bookies {
  readonly all?: readonly string[]
  readonly writable?: readonly string[]
  readonly readOnly?: readonly string[]
  /** Ledgers on a bookie that leaves, before they are recovered. */
  readonly ledgers?: readonly string[]
  /** How many of them stay there however often they are recovered. */
  readonly stuck?: number
  /** Whether the list of ledgers fails, or finds none at all. */
  readonly unlisted?: 'failed' | 'all'
}

describe('the script that drains bookies', () => {
  const folder = new ScriptFolder()
  after(() => folder.remove())
  const FOUR = [0, 1, 2, 3].map(idOf)
  const THREE = FOUR.slice(0, 3)

  async function run(when: 'before' | 'after', bookies: Bookies, changes: Changes = {}) {
    const { all = FOUR, writable = THREE, readOnly = [idOf(3)], ledgers = [], stuck = 0, unlisted } = bookies
    const wanted = { bookkeeper: { replicas: 3, ensemble: 3, writeQuorum: 3, ackQuorum: 2 } }
    const { command } = await container('dev', when, { ...wanted, ...changes })
    const script = (command[2] as string)
      .replaceAll('/config/', `${folder.path}/`)
      .replaceAll(/\/dev\/termination-log/g, `${folder.path}/reason`)
      .replace(/SECONDS \+ 3600/, 'SECONDS + 0')
    const lines = (ids: readonly string[]) =>
      ids.length === 0 ? 'No bookie exists!' : ids.map((id) => `BookieID:${id}, IP:10.0.0.1`).join('\n')
    const list = (some: readonly string[]) => some.map((meta, at) => `ledgerID: ${at}\n${meta}`).join('\n')
    for (const [name, text] of Object.entries({
      all: lines(all),
      rw: lines(writable),
      ro: lines(readOnly),
      ledgers: list(ledgers),
      stuck: list(ledgers.slice(0, stuck)),
      curl: '',
      reason: '',
    }))
      folder.write(name, `${text}\n`)
    folder.write('path/curl', `#!/usr/bin/env bash\necho "$* $(cat)" >> ${folder.path}/curl\n`)
    chmodSync(join(folder.path, 'path/curl'), 0o755)
    const answers = `case "$*" in
  *'listbookies -a') cat all ;;
  *'listbookies -rw') cat rw ;;
  *'listbookies -ro') cat ro ;;
  *'listledgers') ${unlisted === 'all' ? ':' : 'echo ledgerID: 9'} ;;
  *listledgers*) ${unlisted === 'failed' ? 'exit 1' : 'cat ledgers'} ;;
  *recover*) cp stuck ledgers ;;
  *cookie_delete*) grep -v "\${*: -1}" all > kept; cp kept all ;;
esac`
    const env = { PATH: `${folder.path}/path:${process.env['PATH']}` }
    const ran = folder.run(script, 'bin/bookkeeper', answers, env)
    const asked = ran.calls.map((call) => call.replace('shell ', ''))
    return { ...ran, asked, curl: folder.file('curl').trim(), reason: folder.file('reason').trim() }
  }
  const changing = (calls: readonly string[]) => calls.filter((call) => !/^list/.test(call))

  for (const stack of STACKS)
    it(`of ${stack} is valid bash, before and after`, async () => {
      for (const when of ['before', 'after'] as const)
        assert.equal(syntaxFaults((await container(stack, when)).command[2]), '')
    })

  it('comes after the command that looks at the pods, and before the one that marks volumes', async () => {
    assert.deepEqual((await container('dev', 'before')).order, ['drain', 'bookies'])
    assert.deepEqual((await container('dev', 'after')).order, ['bookies', 'drain'])
  })

  it('changes nothing in a new cluster, or where all bookies are wanted', async () => {
    for (const all of [[], THREE]) {
      const { status, asked } = await run('before', { all, writable: all, readOnly: [] })
      assert.deepEqual([status, changing(asked)], [0, []])
    }
  })

  it('copies the ledgers of the one that leaves, until none is on it', async () => {
    const { status, asked } = await run('before', { ledgers: ['LedgerMetadata{state=CLOSED}'] })
    assert.deepEqual([status, changing(asked)], [0, [`recover -f -sk ${idOf(3)}`]])
  })

  it('has the broker close open ledgers of topics, with the token of the administrator', async () => {
    const { curl } = await run('before', { ledgers: [OPEN, OPEN, STRANGE] })
    assert.equal(
      curl,
      '-sSL --location-trusted -m 60 -o /dev/null -X PUT -K - http://broker.tracardi.svc.cluster.local:8080/admin/v2/persistent/public/default/orders-partition-0/unload',
    )
  })

  it('reports what is left when its time is over, and exits with 2', async () => {
    const { status, reason } = await run('before', { ledgers: ['LedgerMetadata{state=CLOSED}', OPEN], stuck: 1 })
    assert.equal(status, 2)
    assert.equal(reason, `NOT DONE: 1 ledgers are left on ${idOf(3)}. The next \`up\` continues from here.`)
  })

  it('moves nothing while a bookie is still writable, or too few of those that stay are', async () => {
    const early = await run('before', { writable: FOUR, readOnly: [], ledgers: [OPEN] })
    assert.deepEqual([early.status, changing(early.asked), early.curl], [2, [], ''])
    assert.match(
      early.reason,
      /bookkeeper-3\..*:3181 is still writable; it restarts when Kubernetes has updated its ConfigMap/,
    )
    const few = await run('before', { writable: THREE.slice(1), ledgers: [OPEN] })
    assert.deepEqual([few.status, changing(few.asked)], [2, []])
    assert.match(few.reason, /^NOT DONE: only 2 of the bookies that stay are writable, and a ledger needs 3\./)
  })

  it('believes no list that failed', async () => {
    for (const unlisted of ['failed', 'all'] as const) {
      const { status, reason } = await run('before', { unlisted })
      assert.deepEqual([status, reason.includes('cannot be listed')], [2, true], unlisted)
    }
    const nobody = await run('before', { writable: ['bookkeeper'] })
    assert.deepEqual([nobody.status, nobody.reason.includes('only 0 of the bookies')], [2, true])
  })

  it('leaves bookies of others alone, and those that the stack does not check', async () => {
    const other = `other-0.other.tracardi.svc.cluster.local:3181`
    const foreign = await run('before', { all: [...THREE, other], readOnly: [other], ledgers: [OPEN] })
    assert.deepEqual([foreign.status, changing(foreign.asked)], [0, []])
    const platform = { skipCheck: ['bookkeeper.replicas=4>3'] }
    const skipped = await run('before', { ledgers: [OPEN] }, { platform })
    assert.deepEqual([skipped.status, changing(skipped.asked)], [0, []])
  })

  it('afterwards deletes the cookie of the one that has left', async () => {
    const { status, asked } = await run('after', { readOnly: [] })
    assert.deepEqual([status, changing(asked)], [0, [`cookie_delete ${idOf(3)}`]])
  })

  it('afterwards keeps the cookie of one that still runs, or has a ledger', async () => {
    const runs = await run('after', {})
    assert.deepEqual([runs.status, changing(runs.asked)], [2, []])
    assert.match(runs.reason, /^NOT DONE: bookkeeper-3\..*:3181 still runs\./)
    const used = await run('after', { readOnly: [], ledgers: [OPEN] })
    assert.deepEqual([used.status, changing(used.asked)], [2, []])
    assert.match(used.reason, /^NOT DONE: 1 ledgers are on bookkeeper-3\..* again\./)
  })

  it('has the token of the administrator where brokers ask for one', async () => {
    const mounts = ({ volumeMounts }: { volumeMounts: readonly { mountPath: string }[] }) =>
      volumeMounts.map(({ mountPath }) => mountPath)
    assert.ok(mounts(await container('staging', 'before')).includes('/tokens'))
    assert.ok(!mounts(await container('dev', 'before', { pulsar: { authentication: false } })).includes('/tokens'))
  })
})
