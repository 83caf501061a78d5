import assert from 'node:assert/strict'
import { stepFault } from '../../../infra/safety/version-steps.ts'

const BACK = 'a server does not start on data that a newer one has written; state the version that runs'

describe('a step of Elasticsearch', () => {
  for (const [from, to] of [
    ['9.2.0', '9.2.0'],
    ['9.2.0', '9.2.1'],
    ['9.0.0', '9.2.0'],
    ['9.9.0', '9.10.0'],
    ['8.19.4', '9.2.0'],
    ['8.18.0', '9.0.5'],
    ['7.17.0', '8.1.0'],
  ] as const)
    it(`leads from ${from} to ${to}`, () => assert.equal(stepFault('elasticsearch', from, to), undefined))

  for (const [from, to, why] of [
    ['9.2.0', '9.1.9', BACK],
    ['9.10.0', '9.9.0', BACK],
    ['9.2.1', '9.2.0', BACK],
    ['9.2.0', '8.19.0', BACK],
    ['7.17.0', '9.2.0', 'a server does not start on data two major versions old; go to 8 first'],
    ['8.18.0', '9.1.0', 'Elasticsearch 9 starts only on data of 8.19; go there first'],
    ['8.17.9', '9.0.0', 'Elasticsearch 9 starts only on data of 8.19; go there first'],
    [
      '9.2.0',
      '10.0.0',
      'this release does not know the last minor version of Elasticsearch 9; update the package first',
    ],
  ] as const)
    it(`does not lead from ${from} to ${to}`, () => assert.equal(stepFault('elasticsearch', from, to), why))
})

describe('a step of Pulsar', () => {
  for (const [from, to] of [
    ['4.0.4', '4.0.6'],
    ['4.0.6', '4.2.0'],
    ['3.0.12', '4.0.6'],
    ['3.2.0', '4.4.0'],
  ] as const)
    it(`leads from ${from} to ${to}`, () => assert.equal(stepFault('pulsar', from, to), undefined))

  for (const [from, to, why] of [
    ['4.0.6', '4.0.5', BACK],
    ['4.0.6', '3.3.6', BACK],
    ['3.2.0', '5.0.0', 'a server does not start on data two major versions old; go to 4 first'],
  ] as const)
    it(`does not lead from ${from} to ${to}`, () => assert.equal(stepFault('pulsar', from, to), why))
})
