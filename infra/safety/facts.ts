import type { Server } from '../config/server-versions.ts'

/** What the data of a stack depends on, as texts by key. Two of them are compared before a change is made. */
export type Facts = Readonly<Record<string, string>>

export type FactValues = Readonly<Record<string, string | number | boolean>>

/** Facts as they are kept. */
export function facts(values: FactValues): Facts {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, String(value)]))
}

/** The version of a server. An image by digest alone names none, nor does one that is not known yet. */
export function versionFact(server: Server, version: string): FactValues {
  return version === '' ? {} : { [`${server}.version`]: version }
}
