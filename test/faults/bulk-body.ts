/** One operation of a bulk: its line of action and its document, as they were sent. */
export interface BulkOperation {
  readonly action: 'create' | 'index'
  readonly lines: string
}

/** The operations of a body; each has a document. */
export function operationsOf(body: string): readonly BulkOperation[] {
  const lines = body.split('\n').filter((line) => line !== '')
  return Array.from({ length: lines.length / 2 }, (_, number) => {
    const [action = '', document = ''] = lines.slice(number * 2, number * 2 + 2)
    return { action: action.startsWith('{"create"') ? 'create' : 'index', lines: `${action}\n${document}\n` }
  })
}

export type BulkItem = Readonly<Record<string, { readonly status: number; readonly error?: object }>>

/** The answer to all operations, of which those that passed have been answered and the others are refused. */
export function withRefused(
  operations: readonly BulkOperation[],
  refused: ReadonlySet<number>,
  answered: readonly BulkItem[],
  refusal: { readonly status: number; readonly type: string },
): readonly BulkItem[] {
  const rest = [...answered]
  return operations.map(({ action }, number) =>
    refused.has(number)
      ? { [action]: { status: refusal.status, error: { type: refusal.type, reason: 'of a fault test' } } }
      : (rest.shift() as BulkItem),
  )
}
