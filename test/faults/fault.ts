import type { Random } from './random.ts'
import type { System } from './system.ts'

/** Something that breaks under load, and is whole again when it resolves. */
export interface Fault {
  readonly name: string
  /** How long it lasts by itself; nothing for one that is over in moments. */
  readonly lastsMs?: number
  inject(system: System, random: Random): Promise<void>
}
