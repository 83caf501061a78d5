/** Labels from a list of `name=value`, as a stack's configuration has it. */
export function labelsFrom(list: readonly string[]): Record<string, string> {
  return Object.fromEntries(list.map((text) => text.split('=', 2) as [string, string]))
}
