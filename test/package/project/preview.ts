import * as pulumi from '@pulumi/pulumi'

/** Runs the program with the mocks of Pulumi, and writes what it registers as JSON: `type name` of each, and the outputs. */
const registered: string[] = []
await pulumi.runtime.setMocks(
  {
    newResource: ({ type, name, inputs }) => {
      registered.push(`${type} ${name}`)
      return { id: `${name}-id`, state: inputs }
    },
    call: () => ({}),
  },
  'shop',
  'test',
  true,
)
const { getMonitor } = pulumi.runtime as unknown as { getMonitor: () => object }
// The mock of the engine says that it knows hooks, but has no place for them.
Object.assign(getMonitor() as object, {
  registerResourceHook: (_request: unknown, done: (error: null, answer: object) => void) => done(null, {}),
})
const beforeImport = registered.length
await import('tracardi-at-scale')
const byImport = registered.length - beforeImport
const outputs = { ...(await import('./program.ts')) }
await pulumi.runtime.disconnect()
process.stdout.write(JSON.stringify({ byImport, registered, outputs }))
