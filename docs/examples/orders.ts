import { createSender } from '@tracardi-at-scale/sdk'
import express from 'express'

const { EVENTS_URL = 'http://localhost:8585', EVENTS_SECRET, PORT = '3000' } = process.env

const sender = createSender({
  url: EVENTS_URL,
  source: 'my-back-end',
  ...(EVENTS_SECRET ? { secret: EVENTS_SECRET } : {}),
  closeOn: ['SIGTERM'],
})

const app = express()
app.use(express.json())

app.post('/orders', (request, response) => {
  const { items, total } = request.body
  // The browser library keeps the session in this cookie. By it the event belongs to the visitor's profile.
  const session = /(?:^|; )tracardi-session-id=([^;]+)/.exec(request.headers.cookie ?? '')?.[1]
  // Nobody waits for it: the sender repeats it until it is stored.
  void sender.track('order-placed', { items, total }, session ? { session } : {})
  response.status(201).json({ ordered: items })
})

app.listen(Number(PORT), '127.0.0.1', () => process.stdout.write('ready\n'))
