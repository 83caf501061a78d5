export { createSender } from './sender.ts'
export type { EventOptions, Outcome, Properties, Sender, SenderOptions, SpoolOptions } from './types.ts'
