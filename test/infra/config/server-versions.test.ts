import assert from 'node:assert/strict'
import { planOf } from '../../../infra/config/plan.ts'
import { chosenImage, type ImageChoice, versionOf } from '../../../infra/config/server-versions.ts'
import { artifacts } from '../../../runtime/local/install.ts'
import { changed } from '../../support/stack.ts'

const DIGEST = `sha256:${'0a'.repeat(32)}`
const OTHER = `sha256:${'0b'.repeat(32)}`

describe('the image of a server', () => {
  const cases: readonly (readonly [string, Partial<ImageChoice>, string, string])[] = [
    ['nothing', {}, 'docker.elastic.co/elasticsearch/elasticsearch:9.2.0', '9.2.0'],
    ['a version', { version: '9.2.1' }, 'docker.elastic.co/elasticsearch/elasticsearch:9.2.1', '9.2.1'],
    [
      'a version whose digest is listed',
      { version: '9.2.1', digests: [`elasticsearch:9.2.0@${OTHER}`, `elasticsearch:9.2.1@${DIGEST}`] },
      `docker.elastic.co/elasticsearch/elasticsearch:9.2.1@${DIGEST}`,
      '9.2.1',
    ],
    [
      'a version, and digests of others',
      { version: '9.2.1', digests: [`pulsar:9.2.1@${OTHER}`, `elasticsearch:9.2.11@${OTHER}`] },
      'docker.elastic.co/elasticsearch/elasticsearch:9.2.1',
      '9.2.1',
    ],
    ['a mirror and a version', { image: 'r:5000/m/es', version: '9.2.1' }, 'r:5000/m/es:9.2.1', '9.2.1'],
    ['a mirror alone', { image: 'r:5000/m/es' }, 'r:5000/m/es', ''],
    ['an image by tag', { image: 'r:5000/es:v9.1.5-fips' }, 'r:5000/es:v9.1.5-fips', '9.1.5'],
    [
      'an image by tag whose digest is listed',
      { image: 'r/es:9.1.5', digests: [`elasticsearch:9.1.5@${DIGEST}`] },
      `r/es:9.1.5@${DIGEST}`,
      '9.1.5',
    ],
    [
      'an image with a digest, and another that is listed',
      { image: `r/es:9.1.5@${DIGEST}`, digests: [`elasticsearch:9.1.5@${OTHER}`] },
      `r/es:9.1.5@${DIGEST}`,
      '9.1.5',
    ],
    ['an image by digest', { image: `r/es@${DIGEST}` }, `r/es@${DIGEST}`, ''],
    ['an image by digest, and a version', { image: `r/es@${DIGEST}`, version: '9.1.5' }, `r/es@${DIGEST}`, '9.1.5'],
    ['an image by another tag', { image: 'r/es:nine' }, 'r/es:nine', ''],
  ]
  for (const [what, given, image, version] of cases)
    it(`follows from ${what}`, () => {
      const choice = { version: '', image: undefined, digests: [], ...given }
      assert.deepEqual(chosenImage('elasticsearch', choice), { image, version })
    })

  it('is the one of the tests by default', () => {
    const { images } = planOf(changed('dev'))
    assert.equal(versionOf(images.elasticsearch), artifacts.elasticsearch.version)
    assert.equal(versionOf(images.pulsar), artifacts.pulsar.version)
  })

  it('is settled in the plan of a stack, with its version', () => {
    const of = (changes: Readonly<Record<string, unknown>>) => {
      const { images, pulsar, elasticsearch } = planOf(changed('dev', changes))
      return [images.pulsar, pulsar.version, images.elasticsearch, elasticsearch.version]
    }
    assert.deepEqual(of({ pulsar: { version: '4.0.8' }, images: { elasticsearch: 'mirror/es:9.1.5' } }), [
      'apachepulsar/pulsar:4.0.8',
      '4.0.8',
      'mirror/es:9.1.5',
      '9.1.5',
    ])
  })
})
