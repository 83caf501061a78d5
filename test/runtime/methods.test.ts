import assert from 'node:assert/strict'
import Fastify from 'fastify'
import { methodsOf } from '../../runtime/methods.ts'

describe('the methods of a path', () => {
  it('are those of its routes, in every scope, whatever its parameters', async () => {
    const server = Fastify()
    const methodsAt = methodsOf(server)
    server.get('/queue/:topic/backlog', async () => 'own')
    await server.register(async (scope) => {
      scope.post('/replay', async () => 'scoped')
      scope.delete('/replay', async () => 'scoped')
    })
    assert.equal(methodsAt('/queue/a/backlog'), 'GET, HEAD')
    assert.equal(methodsAt('/queue/b/backlog/?detail=true'), 'GET, HEAD')
    assert.equal(methodsAt('/replay'), 'DELETE, POST')
  })

  it('are unknown where there is no such path', async () => {
    const server = Fastify()
    const methodsAt = methodsOf(server)
    server.get('/queue/:topic/backlog', async () => 'own')
    for (const url of ['/', '/queue', '/queue/a', '/queue/a/backlogs', '/queue/a/backlog/more', '/a/queue/a/backlog']) {
      assert.equal(methodsAt(url), undefined, url)
    }
  })
})
