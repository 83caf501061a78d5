import type { IncomingHttpHeaders } from 'node:http'

/** A header that no form can send, and no script of another origin without a preflight, which is never answered. */
const ASKED_FOR = 'x-tracardi-console'

/**
 * Why a call that changes something is refused: it must be asked for by this very page, or by an operator's own tool, and
 * not by another page that is open in the same browser. `undefined` when it may pass.
 */
export function refusalOf(headers: IncomingHttpHeaders): string | undefined {
  if (headers[ASKED_FOR] !== 'yes') return `the header ${ASKED_FOR} must be "yes"`
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin') return 'the call comes from another origin'
  const { origin, host } = headers
  if (origin === undefined) return undefined
  const from = URL.canParse(origin) ? new URL(origin).host : undefined
  return from !== undefined && from === host ? undefined : 'the call comes from another origin'
}
