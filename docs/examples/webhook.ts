import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { createSender } from '@tracardi-at-scale/sdk'
import { v7 as uuidV7 } from 'uuid'

const { EVENTS_URL = 'http://localhost:8585', EVENTS_SECRET, WEBHOOK_SECRET = '', PORT = '3001' } = process.env

const sender = createSender({
  url: EVENTS_URL,
  source: 'my-back-end',
  ...(EVENTS_SECRET ? { secret: EVENTS_SECRET } : {}),
  closeOn: ['SIGTERM'],
})

/** Whether the provider has sent it: the header has the HMAC of the body. */
function isSigned(body: string, signature: unknown): boolean {
  const expected = createHmac('sha256', WEBHOOK_SECRET).update(body).digest()
  const given = Buffer.from(String(signature), 'hex')
  return given.length === expected.length && timingSafeEqual(given, expected)
}

/** The same for each repetition by the provider, and with the time of the payment in it: so a repetition is stored once. */
function eventId(paymentId: string, paidAt: Date): string {
  return uuidV7({ msecs: paidAt.getTime(), random: createHash('sha256').update(paymentId).digest() })
}

createServer(async (request, response) => {
  const body = await text(request)
  if (!isSigned(body, request.headers['x-signature'])) return response.writeHead(401).end()
  const { id, customer, amount, paid_at } = JSON.parse(body)
  const time = new Date(paid_at)
  const options = { id: eventId(id, time), profile: customer, time }
  const outcome = await sender.track('payment-received', { payment: id, amount }, options)
  // Anything but 200 makes the provider repeat it.
  return response.writeHead(outcome.kind === 'stored' ? 200 : 503).end()
}).listen(Number(PORT), '127.0.0.1', () => process.stdout.write('ready\n'))
