/** What the data of a stack depends on, as texts by key. Two of them are compared before a change is made. */
export type Facts = Readonly<Record<string, string>>

export type FactValues = Readonly<Record<string, string | number | boolean>>

/** Facts as they are kept. */
export function facts(values: FactValues): Facts {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, String(value)]))
}

/** The version that the tag of an image names. An image by digest alone names none, nor does one that is not known yet. */
export function versionFact(server: string, image: unknown): FactValues {
  const version = typeof image === 'string' ? /:v?(\d+\.\d+\.\d+)[^/@]*(@|$)/.exec(image)?.[1] : undefined
  return version === undefined ? {} : { [`${server}.version`]: version }
}
