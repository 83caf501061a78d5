import assert from 'node:assert/strict'
import { quantity, requestsOf } from '../../../infra/doctor/quantity.ts'

describe('a quantity of Kubernetes', () => {
  for (const [text, value] of [
    ['500m', 0.5],
    ['2', 2],
    ['1.5', 1.5],
    ['1Gi', 2 ** 30],
    ['1.5Ki', 1536],
    ['3k', 3000],
    ['2e3', 2000],
    ['1E', 1e18],
    ['250000n', 0.00025],
  ] as const)
    it(`reads ${text} as ${value}`, () => assert.equal(quantity(text), value))

  it('is NaN for anything else', () => {
    assert.deepEqual(['', 'much', '1 Gi', '1Qi'].map(quantity), [Number.NaN, Number.NaN, Number.NaN, Number.NaN])
  })
})

describe('the requests of a pod', () => {
  const asks = (cpu: string, more: object = {}) => ({ resources: { requests: { cpu } }, ...more })

  it('are the sum of its containers', () => {
    assert.equal(requestsOf({ containers: [asks('1'), asks('500m'), {}] }).cpu, 1.5)
  })

  it('are those of its largest init container, if that asks for more', () => {
    assert.equal(requestsOf({ initContainers: [asks('3'), asks('2')], containers: [asks('1'), asks('1')] }).cpu, 3)
  })

  it('have a side container in addition, also while later init containers run', () => {
    const side = asks('1', { restartPolicy: 'Always' })
    assert.equal(requestsOf({ initContainers: [side, asks('3')], containers: [asks('1')] }).cpu, 4)
    assert.equal(requestsOf({ initContainers: [asks('3'), side], containers: [asks('2.5')] }).cpu, 3.5)
  })

  it('have the overhead of its runtime class', () => {
    assert.equal(requestsOf({ containers: [asks('1')], overhead: { cpu: '250m' } }).cpu, 1.25)
  })
})
