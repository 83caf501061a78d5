import type { FastifyInstance } from 'fastify'

/**
 * Collects the routes of a server and of its scopes; call it before the first route is added.
 *
 * @returns for a request URL the methods that its path has, as the header `Allow` lists them (`GET, HEAD`), so that
 * another method is answered 405; `undefined` for a path that does not exist.
 */
export function methodsOf(server: FastifyInstance): (url: string) => string | undefined {
  const routes: { readonly parts: readonly string[]; readonly methods: readonly string[] }[] = []
  server.addHook('onRoute', ({ url, method }) => {
    routes.push({ parts: partsOf(url), methods: [method].flat() })
  })
  return (url) => {
    const asked = partsOf(url)
    const methods = routes.filter(({ parts }) => matches(parts, asked)).flatMap((route) => route.methods)
    return methods.length === 0 ? undefined : [...new Set(methods)].sort().join(', ')
  }
}

/** The parts of a path; a query or a slash at its end makes no difference. */
function partsOf(url: string): readonly string[] {
  const [path = ''] = url.split('?', 1)
  return path.replace(/\/$/, '').split('/')
}

function matches(parts: readonly string[], asked: readonly string[]): boolean {
  return parts.length === asked.length && parts.every((part, at) => part.startsWith(':') || part === asked[at])
}
