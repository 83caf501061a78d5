import assert from 'node:assert/strict'
import { changed, registeredBy } from '../../support/stack.ts'
import { podTemplates } from '../../support/workloads.ts'
import { ScriptFolder } from './script.ts'

const ID = 'bookkeeper-1.bookkeeper.tracardi.svc.cluster.local:3181'

/** What ZooKeeper and the disks have. */
interface Before {
  readonly cookie?: boolean
  /** Ledgers that name the bookie, at each question. */
  readonly ledgers?: readonly number[]
  /** Whether the list of all ledgers is empty, too. */
  readonly noneAtAll?: boolean
  /** The disk that is not empty. */
  readonly disk?: 'journal' | 'ledgers'
}

describe('a bookie that lost its disks', () => {
  let folder: ScriptFolder
  beforeEach(() => {
    folder = new ScriptFolder()
  })
  afterEach(() => folder.remove())

  async function start({ cookie = true, ledgers = [0], noneAtAll = false, disk }: Before) {
    const templates = podTemplates(await registeredBy(changed('dev')))
    const { spec } = templates.find(({ name }) => name === 'bookkeeper') ?? assert.fail('no bookies')
    const script = (spec.containers[0].command[2] as string)
      .replaceAll('/pulsar/data/bookkeeper', folder.path)
      .replace('sleep 15', 'sleep 0')
      // What follows is the start itself.
      .replace(/^set -eu\n[\s\S]*/m, 'echo starts\n')
    for (const name of ['journal', 'ledgers'])
      folder.write(`${name}/current/${name === disk ? 'current/VERSION' : 'none'}`, '')
    folder.write('left', `${ledgers.join('\n')}\n`)
    const answers = `case "$*" in
  *cookie_get*) echo "Cookie ${cookie ? `for bookie '${ID}' is:` : `not found for bookie '${ID}'`}" ;;
  *'listledgers -bookieid'*)
    count=$(head -1 ${folder.path}/left)
    sed -i 1d ${folder.path}/left
    [ "$count" != failed ] || exit 1
    for at in $(seq 1 $count); do echo "ledgerID: $at"; done ;;
  *listledgers*) ${noneAtAll ? 'exit 0' : 'echo ledgerID: 9'} ;;
esac`
    const ran = folder.run(script, 'bin/bookkeeper', answers, { HOSTNAME: 'bookkeeper-1' })
    return { ...ran, asked: ran.calls.map((call) => call.replace('shell ', '')) }
  }

  it('waits until no ledger names it, deletes its old cookie, and starts', async () => {
    const { status, output, asked } = await start({ ledgers: [2, 1, 0] })
    assert.equal(status, 0)
    assert.equal(
      output,
      `The disks of ${ID} are empty. It starts when its ledgers have been copied to others: 2 are left.
The disks of ${ID} are empty. It starts when its ledgers have been copied to others: 1 are left.
No ledger names ${ID} any more: its old cookie is deleted, and it starts empty.
starts
`,
    )
    const list = `listledgers -bookieid ${ID}`
    assert.deepEqual(asked, [`cookie_get ${ID}`, list, list, list, 'listledgers', `cookie_delete ${ID}`])
  })

  it('believes no list that failed', async () => {
    const { output } = await start({ ledgers: ['failed' as never, 0] })
    assert.match(output, /^The disks of .* are empty, and its ledgers cannot be listed\.\nNo ledger names/)
  })

  it('starts immediately where it is new, or has anything on a disk', async () => {
    const isNew = await start({ cookie: false })
    assert.deepEqual([isNew.output, isNew.asked], ['starts\n', [`cookie_get ${ID}`]])
    for (const disk of ['journal', 'ledgers'] as const) {
      const used = await start({ disk })
      assert.deepEqual([used.output, used.asked], ['starts\n', []], disk)
    }
  })
})
