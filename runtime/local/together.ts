/**
 * Runs tasks at the same time. When one fails, the others are aborted by their signal, and awaited.
 *
 * @throws the first failure; the others only fail because they were aborted.
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
