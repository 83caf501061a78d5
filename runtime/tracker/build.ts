import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'
import { minify_sync as minifySync } from 'terser'

/**
 * Builds the files that the API serves. They are checked in, so that neither the image nor `npm start` needs a build:
 * `npm run tracker` writes them, and a test fails when they are not what their source makes. Files in `published/` stay when another
 * release is built: pages may name them.
 */

/** The formats in which a page may take the library, by the name of the file. */
const BUNDLES = [
  { file: 'tracker.js', entry: 'browser/page.ts', format: 'iife', forTracardi: false },
  { file: 'liliput.min.js', entry: 'browser/page.ts', format: 'iife', forTracardi: true },
  { file: 'tracker.mjs', entry: 'browser/module.ts', format: 'esm', forTracardi: false },
  { file: 'pages.js', entry: 'browser/pages.ts', format: 'iife', forTracardi: false },
  { file: 'pages.mjs', entry: 'browser/pages-module.ts', format: 'esm', forTracardi: false },
] as const

/** The scripts that are also published under a name that changes with their content. */
const PUBLISHED = ['tracker.js', 'pages.js'] as const

/** A script that never changes under its name. */
export interface PublishedFile {
  /** As `tracker.js`. */
  readonly name: string
  /** As `tracker.0123456789ab.js`, in `published/`. */
  readonly file: string
  /** For the attribute `integrity` of a script element. */
  readonly integrity: string
}

/** Properties that only the parts of the library use. The build shortens them, so that pages load less. */
const INTERNAL = [
  'afterMs',
  'answered',
  'baseMs',
  'begin',
  'bytes',
  'callContext',
  'campaign',
  'callOptions',
  'elements',
  'end',
  'envelope',
  'eventContext',
  'getForGood',
  'giveBack',
  'ids',
  'isHidden',
  'isLoaded',
  'isPrerendering',
  'kind',
  'left',
  'leftMs',
  'maxMs',
  'networkIsBack',
  'nowMs',
  'outlivesPage',
  'own',
  'post',
  'randomBytes',
  'readCookie',
  'registered',
  'remove',
  'removeOlderThan',
  'reset',
  'retryAfter',
  'seenMs',
  'sessionId',
  'setForGood',
  'settled',
  'settleOthers',
  'shared',
  'signals',
  'startTimer',
  'storage',
  'take',
  'takeForEnd',
  'takeOver',
  'writeCookie',
]

const pathOf = (name: string) => fileURLToPath(new URL(name, import.meta.url))

/** The content of each file of `dist/`, by its name. */
export function buildFiles(): ReadonlyMap<string, string> {
  const bundles = BUNDLES.map(({ file, entry, format, forTracardi }) => {
    const built = buildSync({
      entryPoints: [pathOf(entry)],
      bundle: true,
      minify: true,
      write: false,
      format,
      // What the browsers of docs/tracker.md understand.
      target: 'es2022',
      charset: 'utf8',
      mangleProps: new RegExp(`^(${INTERNAL.join('|')})$`),
      define: { FOR_TRACARDI: String(forTracardi) },
      legalComments: 'none',
      tsconfigRaw: {},
    })
    return [file, shortened(built.outputFiles[0]?.text ?? '', format === 'esm')] as const
  })
  const published = PUBLISHED.map((name) => publishedFile(name, new Map(bundles).get(name) ?? ''))
  return new Map([
    ...bundles,
    ['tracker.d.mts', declarations()],
    ['pages.d.mts', PAGES_DECLARATIONS],
    ...published.map(({ file, content }) => [`published/${file}`, content] as const),
    [
      'published.json',
      `${JSON.stringify(
        published.map(({ content: _, ...rest }) => rest),
        null,
        2,
      )}\n`,
    ],
  ])
}

/** A second tool saves another 4 % of the gzipped size: it inlines what has one use, in several passes. */
function shortened(code: string, module: boolean): string {
  const compress = { passes: 6, unsafe_comps: true, pure_getters: true, hoist_funs: true, unsafe_arrows: true }
  return minifySync(code, { module, ecma: 2020, compress, format: { comments: false } }).code ?? ''
}

/** The public types, which import nothing, and the one function of the module. */
function declarations(): string {
  const types = readFileSync(pathOf('types.ts'), 'utf8')
  return `${types}\n/** Makes the library for this page. */\nexport declare function createTracker(options: TrackerOptions): Tracker\n`
}

const PAGES_DECLARATIONS = `import type { PagesOptions, Tracker } from './tracker.mjs'

/** Registers a \`page-view\` for each page of an application. Called once for a tracker. */
export declare function trackPages(tracker: Tracker, options?: PagesOptions): void
`

const NAME_DIGITS = 12

function publishedFile(name: string, content: string): PublishedFile & { readonly content: string } {
  const digest = createHash('sha384').update(content).digest()
  const file = name.replace('.', `.${digest.toString('hex').slice(0, NAME_DIGITS)}.`)
  return { name, file, integrity: `sha384-${digest.toString('base64')}`, content }
}

export function pathOfBuilt(file: string): string {
  return pathOf(`dist/${file}`)
}

if (import.meta.main) {
  for (const [file, content] of buildFiles()) {
    mkdirSync(dirname(pathOfBuilt(file)), { recursive: true })
    writeFileSync(pathOfBuilt(file), content)
  }
}
