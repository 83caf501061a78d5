import { counted, number } from '../../telemetry/format.js'
import { setText, showTable } from './element.js'
import { showWhetherLive } from './live.js'
import { call } from './session.js'

/** @typedef {import('../../api/live-answers.ts').RefusalsAnswer} RefusalsAnswer */

const MAX_ROWS = 20

/** Reads and shows the latest refused calls. */
export async function renewRefusals() {
  const { total, refusals, showsEvents } = /** @type {RefusalsAnswer} */ (await call('/console/refusals'))
  showWhetherLive(showsEvents)
  const lead =
    total === 0
      ? 'None since this API process started. A call that is answered with another status than 200 appears here, with the reason.'
      : `${counted(total, 'call')} since this API process started. Below are the latest, counted by what they have in common.`
  setText('refusals-lead', lead)
  showTable(
    'refusals',
    'Latest refused calls',
    [
      { name: 'Latest' },
      { name: 'Status' },
      { name: 'Calls', isNumber: true },
      { name: 'Source' },
      { name: 'Origin or address' },
      { name: 'Reason' },
    ],
    refusals
      .slice(0, MAX_ROWS)
      .map(({ lastAt, status, count, source, origin, route, reason, client }) => [
        new Date(lastAt).toLocaleTimeString('en-GB'),
        { text: status === 0 ? 'no route' : String(status), severity: status >= 500 ? 'act' : 'watch' },
        number(count),
        source || '–',
        origin || client || '–',
        `${route === 'none' ? '' : `${route}: `}${reason}`,
      ]),
  )
}
