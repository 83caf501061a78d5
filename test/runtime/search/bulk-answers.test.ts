import assert from 'node:assert/strict'
import { bulkSender } from '../../../runtime/search/bulk.ts'
import { judgedSender } from '../../../runtime/search/judge.ts'
import { type BulkAnswer, scripted } from '../../support/bulk-answers.ts'
import { fateOf } from '../../support/bulk-fate.ts'
import { eventOf } from '../../support/messages.ts'
import { scriptedClient } from '../../support/scripted-client.ts'

type Kind = 'operation' | 'document' | 'sample'
/** Which of what is sent is answered so; the rest is stored, or a conflict where it is on trial. */
const SCRIPTS: Readonly<Record<keyof typeof scripted, { refuses: readonly Kind[]; whole?: boolean; drops?: boolean }>> =
  {
    pressure: { refuses: ['operation'] },
    breaker: { refuses: ['operation', 'document', 'sample'], whole: true },
    fullShard: { refuses: ['operation'] },
    immenseTerm: { refuses: ['operation'] },
    pipelineFails: { refuses: ['operation', 'document', 'sample'] },
    pipelineRefuses: { refuses: ['operation', 'document'] },
    pipelineDrops: { refuses: ['operation', 'document'], drops: true },
    internal: { refuses: ['operation', 'document', 'sample'] },
    stumbles: { refuses: ['operation', 'document'] },
    noMaster: { refuses: ['operation'] },
    busyMaster: { refuses: ['operation'] },
    notRecovered: { refuses: ['operation', 'document', 'sample'], whole: true },
    mediaType: { refuses: ['operation', 'document', 'sample'], whole: true },
    tooLarge: { refuses: ['operation', 'document'], whole: true },
    tooLargeAll: { refuses: ['operation', 'document', 'sample'], whole: true },
    gateway: { refuses: ['operation', 'document', 'sample'], whole: true },
  }
const CONFLICT = { status: 409, error: { type: 'version_conflict_engine_exception', reason: 'no document was found' } }

describe('every class of answer to a bulk that a script gives', () => {
  const search = scriptedClient()
  const { server } = search

  for (const [key, expected] of Object.entries<BulkAnswer>(scripted)) {
    const { refuses, whole = false, drops = false } = SCRIPTS[key as keyof typeof scripted]
    it(`${expected.what}: ${expected.done}`, async () => {
      const error = { type: expected.type, reason: 'why' }
      const itemOf = (action: string, document: string) => {
        const kind = document.startsWith('{"id":"trial"')
          ? 'sample'
          : action.includes('if_seq_no')
            ? 'document'
            : 'operation'
        if (refuses.includes(kind)) return { status: expected.status, error }
        if (kind === 'sample' && drops) return { status: 200 }
        return kind === 'operation' ? { status: 201 } : CONFLICT
      }
      server.answer = ({ text }) => {
        const lines = text.trimEnd().split('\n')
        const items = lines.flatMap((line, index) => (index % 2 === 0 ? [itemOf(line, lines[index + 1] ?? '')] : []))
        const refused = items.some((item) => 'error' in item && item.error === error)
        if (whole && refused) return { status: expected.status, body: expected.type === '' ? 'no' : { error } }
        return { body: { errors: true, items: items.map((item) => ({ create: item })) } }
      }
      const send = judgedSender(bulkSender(search.client, 2000))
      assert.equal((await fateOf(send, eventOf('a'))).done, expected.done)
    })
  }
})
