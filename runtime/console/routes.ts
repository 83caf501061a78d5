import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { causesPage } from './causes-page.ts'
import { addDeadLetterRoutes } from './dead-letter-routes.ts'
import type { DeadLetterDesk } from './dead-letters.ts'
import type { State } from './state.ts'
import type { Timeline } from './timeline.ts'

const SCRIPT = 'text/javascript; charset=utf-8'
const HTML = 'text/html; charset=utf-8'
const STYLES = 'text/css; charset=utf-8'

const SCRIPTS = [
  ...[
    'advice',
    'chart',
    'console',
    'dead-letters',
    'element',
    'history',
    'json',
    'letters',
    'live',
    'pipeline',
    'refusals',
    'servers',
    'session',
  ],
]

/**
 * The page and what it loads, by path. Each file is as far from the others as in the tree, so that what it imports is found by
 * the browser, by Node.js and by `tsc`. The page names them relative to itself: a proxy may put a prefix before them all.
 */
const FILES = [
  { path: '/telemetry/format.js', file: own('../telemetry/format.js'), type: SCRIPT },
  { path: '/console/page/uplot.js', file: ofPackage('uplot/dist/uPlot.esm.js'), type: SCRIPT },
  { path: '/console/page/uplot.css', file: ofPackage('uplot/dist/uPlot.min.css'), type: STYLES },
  { path: '/console', file: own('page/console.html'), type: HTML },
  { path: '/console/page/console.css', file: own('page/console.css'), type: STYLES },
  { path: '/console/page/icon.svg', file: own('page/icon.svg'), type: 'image/svg+xml' },
  ...SCRIPTS.map((name) => ({
    path: `/console/page/${name}.js`,
    file: own(`page/${name}.js`),
    type: SCRIPT,
  })),
]

function own(file: string): URL {
  return new URL(file, import.meta.url)
}

/** The charts are drawn by uPlot, whose files are served as they are. */
function ofPackage(file: string): URL {
  return new URL(import.meta.resolve(file))
}

/** Nothing from elsewhere, nothing inline, in nobody's frame: dead letters quote what strangers have sent. */
const HEADERS = {
  'content-security-policy': "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  // Asked about each time, so that page and API are always of the same release.
  'cache-control': 'no-cache',
}

const Figures = Type.Object({}, { additionalProperties: true, description: 'As `State` in runtime/console/state.ts.' })

export interface ConsoleData {
  readonly state: () => Promise<State>
  readonly advice: () => Promise<Pick<State, 'advice' | 'pastAdvice'>>
  readonly history: () => Promise<Timeline>
  readonly desk: DeadLetterDesk
}

/** `/console`: the page of the operator. It holds no data, so it needs no token. */
export function addConsolePage(server: FastifyInstance): void {
  const files = FILES.map(({ path, file, type }) => ({ path, body: readFileSync(file), type }))
  for (const { path, body, type } of [...files, { path: '/console/causes', body: causesPage(), type: HTML }]) {
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
    server.get(path, { schema: { hide: true } }, async (request, reply) => {
      // From there, the browser would look for the files of the page elsewhere.
      if (request.url.endsWith('/')) return reply.redirect(`../${path.split('/').at(-1)}`, 308)
      reply.headers({ ...HEADERS, etag })
      return request.headers['if-none-match'] === etag ? reply.code(304).send() : reply.type(type).send(body)
    })
  }
}

/** What the page shows and does: its figures, the dead letters. */
export function addConsoleRoutes(operators: FastifyInstance, { state, advice, history, desk }: ConsoleData): void {
  operators.get(
    '/console/state',
    { schema: { summary: 'Every figure of the console, and its advice', response: { 200: Figures } } },
    state,
  )
  operators.get(
    '/console/advice',
    { schema: { summary: 'What to do now, and what was advised before', response: { 200: Figures } } },
    advice,
  )
  operators.get(
    '/console/history',
    { schema: { summary: 'The last day, a sample a minute, with starts and deployments', response: { 200: Figures } } },
    history,
  )
  addDeadLetterRoutes(operators, desk)
}
