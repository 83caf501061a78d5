import type { FastifyInstance, InjectOptions } from 'fastify'
import { loadConfig } from '../../runtime/config.ts'
import { addOperatorRoutes, buildPrivateServer } from '../../runtime/private-server.ts'
import { recordingLog } from './log.ts'

/** The operators' token of the tests. */
export const TOKEN = 'the-token-of-the-operators'
/** What a call of an operator carries. */
export const SIGNED_IN = { authorization: `Bearer ${TOKEN}` }

/** The private listener with routes for operators, which `get` calls with their token, and what it logs. */
export async function privateServer(add: (operators: FastifyInstance, server: FastifyInstance) => void) {
  const { log, lines: logged } = recordingLog()
  const config = loadConfig({ PRIVATE_TOKEN: TOKEN })
  const server = await buildPrivateServer(config, log)
  await addOperatorRoutes(server, config, log, (operators) => add(operators, server))
  const call = (options: InjectOptions) => server.inject({ ...options, headers: { ...SIGNED_IN, ...options.headers } })
  return { server, logged, call, get: (url: string) => call({ url }) }
}
