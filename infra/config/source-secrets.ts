/** For each source, the secrets with which its server may send; several, so that one can take the place of another. */
export type SourceSecrets = Readonly<Record<string, readonly string[]>>

type Sources = Readonly<Record<string, unknown>>

/** Shorter ones could be guessed. */
const LEAST_LENGTH = 16

const ALLOWED = `allowed: a list of texts of at least ${LEAST_LENGTH} characters`
const HOW = `pulumi config set --secret sourceSecrets '{"<source>": ["…"]}'`

/**
 * Reads the secrets of the sources. No fault shows one.
 *
 * @param value the JSON that the engine has decrypted, or what it says.
 * @param sources those of the stack: a secret for any other is a fault, and so is a secret among them, where anyone can read it.
 */
export function readSourceSecrets(value: unknown, sources: Sources, report: (fault: string) => void): SourceSecrets {
  const plain = Object.entries(sources).filter(([, entry]) => isObject(entry) && 'secrets' in entry)
  for (const [id] of plain)
    report(`sources.${id}.secrets is in the file of the stack, where anyone can read it: ${HOW}`)
  if (value === undefined || value === '') return {}
  const given = typeof value === 'string' ? parsed(value) : value
  if (!isObject(given)) {
    report(`sourceSecrets is not an object; allowed: JSON from the id of a source to a list of its secrets: ${HOW}`)
    return {}
  }
  for (const [id, secrets] of Object.entries(given)) {
    if (!Object.hasOwn(sources, id)) {
      const known = Object.keys(sources).join(', ') || 'none'
      report(`sourceSecrets has "${id}", which is not a source of the stack; known: ${known}`)
    }
    const valid = Array.isArray(secrets) && secrets.length > 0 && secrets.every(isSecret)
    if (!valid) report(`sourceSecrets of "${id}" cannot be used; ${ALLOWED}`)
  }
  return given as SourceSecrets
}

/** The sources as the API reads them. */
export function withSecrets(sources: Sources, secrets: SourceSecrets): Sources {
  const entries = Object.entries(sources).map(([id, entry]) => {
    const own = Object.hasOwn(secrets, id) ? { secrets: secrets[id] } : {}
    return [id, isObject(entry) ? { ...entry, ...own } : entry]
  })
  return Object.fromEntries(entries)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isSecret(value: unknown): boolean {
  return typeof value === 'string' && value.length >= LEAST_LENGTH
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
