import assert from 'node:assert/strict'
import { GUIDES } from './e2e/guides.ts'
import { readPage } from './support/pages.ts'

/** What operators read when they change or repair a stack. */
const PAGES = ['operations', 'backup', 'disasters', 'offload', 'alerts', 'pipelines'].map((name) => `docs/${name}.md`)

/** What an `up` of the whole stack makes needless. */
const FORBIDDEN: readonly (readonly [string, RegExp])[] = [
  ['an update of chosen resources', /--target(?:-replace|-dependents)?\b/],
  ['a replacement by hand', /pulumi (?:up|update|preview)\b.*--replace\b/],
  ['a protection that is lifted', /\bunprotect\b/],
  ['an edited state', /pulumi state (?:delete|edit|move|rename|repair)\b/],
]

/** What a shell in a pod may do: read. */
const READS: readonly RegExp[] = [
  /^\S+ -- node runtime\/cli\.ts (?:backlog|status|tail|indices|dead-letters list|--version)$/,
  /^\S+ -- df -h/,
  // The functions of "The tools", whose uses are below.
  /^deploy\/autorecovery -- env BOOKIE_CONF/,
  /^zookeeper-0 -- env PULSAR_MEM/,
]
const READING_TOOLS: Readonly<Record<'bk' | 'zk', RegExp>> = {
  bk: /^(?:listbookies|listunderreplicated|listledgers|bookieinfo)\b/,
  zk: /^config\b/,
}

/** What in a page changes something otherwise than by `up` of the whole stack, or by a Job of it. */
function shortcuts(text: string): readonly string[] {
  const lines = text.split('\n')
  const forbidden = lines.flatMap((line) =>
    FORBIDDEN.flatMap(([what, pattern]) => (pattern.test(line) ? [`${what}: ${line.trim()}`] : [])),
  )
  const shells = [...text.matchAll(/\b(?:k|kubectl(?: -n \S+| --namespace \S+)*) exec ([^`\n|]*)/g)]
    .map(([, command = '']) => command.replace(/\\$/, '').trim())
    .filter((command) => !READS.some((reads) => reads.test(command)))
    .map((command) => `a shell in a pod: ${command}`)
  const tools = [...text.matchAll(/(?:`|^ *\$ |\| *)(bk|zk) ([^`\n|]*)/gm)]
    .filter(([, tool, command = '']) => !READING_TOOLS[tool as 'bk' | 'zk'].test(command))
    .map(([, tool, command = '']) => `a shell in a pod: ${tool} ${command}`)
  return [...forbidden, ...shells, ...tools]
}

describe('the guides', () => {
  for (const page of PAGES)
    it(`of ${page} change a stack by \`up\` and its Jobs alone`, () => assert.deepEqual(shortcuts(readPage(page)), []))

  it('are all done in `npm run test:guides`, in the order of the page, or have a reason why not', () => {
    const text = readPage('docs/operations.md').replace(/^ *```[\s\S]*?^ *```$/gm, '')
    const titles = [...text.matchAll(/^##+ (.+)$/gm)].map(([, title]) => title)
    assert.deepEqual(
      GUIDES.map(({ guide }) => guide),
      titles,
    )
  })

  it('would be found with any other way', () => {
    for (const line of [
      'pulumi up --target urn:x',
      'pulumi up --yes --replace "$(urn x)"',
      'pulumi state unprotect --all',
      'pulumi state delete urn:x',
      '`k exec deploy/api -- node runtime/cli.ts erase --profile x`',
      '$ kubectl -n tracardi exec -it zookeeper-0 -- bash',
      '| bookie | `bk decommissionbookie -bookieid x` |',
      '$ zk reconfig -remove 4,5',
    ])
      assert.equal(shortcuts(line).length, 1, line)
    for (const line of [
      '`k exec deploy/worker -- node runtime/cli.ts backlog`',
      '| `bk listunderreplicated \\| grep Ctime` |',
      '$ zk config | grep ^server',
      'RESTORE_EXISTING=--replace',
      'npm run restore -- --replace',
    ])
      assert.deepEqual(shortcuts(line), [], line)
  })
})
