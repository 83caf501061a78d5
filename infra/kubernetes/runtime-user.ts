/** The user that the image of the runtime is made for. */
export const RUNTIME_USER = { user: 10_001, group: 10_001 } as const
