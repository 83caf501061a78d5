/**
 * Runs tasks at the same time. When one fails the others are told by their signal, and waited for.
 *
 * @throws the first failure; that of the others is only that they were told.
 */
export async function together(
  tasks: readonly ((signal: AbortSignal) => Promise<void>)[],
  signal: AbortSignal,
): Promise<void> {
  const failing = new AbortController()
  const either = AbortSignal.any([signal, failing.signal])
  await Promise.allSettled(
    tasks.map(async (task) => {
      try {
        await task(either)
      } catch (error) {
        failing.abort(error)
      }
    }),
  )
  // `abort` keeps its first reason.
  failing.signal.throwIfAborted()
}
