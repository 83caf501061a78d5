/**
 * The text of a Java properties file with some values replaced in place; keys that it does not have are added at the
 * end, so that a reader of the written file sees which values are ours.
 */
export function overrideProperties(text: string, overrides: Readonly<Record<string, string>>): string {
  const missing = new Set(Object.keys(overrides))
  const lines = text.split('\n').map((line) => {
    const key = /^\s*([^#!=:\s]+)\s*[=:]/.exec(line)?.[1]
    if (key === undefined || overrides[key] === undefined) return line
    missing.delete(key)
    return `${key}=${overrides[key]}`
  })
  const added = [...missing].map((key) => `${key}=${overrides[key]}`)
  return added.length === 0
    ? lines.join('\n')
    : `${lines.join('\n').trimEnd()}\n\n# Added for the one-machine run\n${added.join('\n')}\n`
}
