/** How a program speaks to Pulsar, as it says itself; nothing when it does not answer. */
export async function transportOf(privateUrl: string): Promise<string | undefined> {
  try {
    const answer = (await (await fetch(`${privateUrl}/info/version`)).json()) as { transport?: string }
    return answer.transport
  } catch {
    return undefined
  }
}
