import assert from 'node:assert/strict'
import { type PagesHost, viewsOf } from '../../../runtime/tracker/pages.ts'

type Moment = Parameters<PagesHost['on']>[0]

/** A window in which a test moves. */
class FakeWindow implements PagesHost {
  path = '/'
  fragment = ''
  loaded = true
  readonly views: string[] = []
  readonly #listeners: [Moment, Parameters<PagesHost['on']>[1]][] = []
  #historyListener = () => {}
  #soon: (() => void)[] = []
  address = () => this.path
  hash = () => this.fragment
  isLoaded = () => this.loaded
  soon = (callback: () => void) => {
    this.#soon.push(callback)
  }
  on: PagesHost['on'] = (moment, listener) => {
    this.#listeners.push([moment, listener])
  }
  onHistory = (listener: () => void) => {
    this.#historyListener = listener
  }

  begin(options = {}): void {
    viewsOf(this, options, () => this.views.push(this.path + this.fragment))
  }
  /** What the application does in one go: `history.pushState` or `replaceState` to each of these. */
  change(...paths: string[]): void {
    for (const path of paths) {
      this.path = path
      this.#historyListener()
    }
    this.turn()
  }
  turn(): void {
    for (const callback of this.#soon.splice(0)) callback()
  }
  happen(moment: Moment, event = {}): void {
    for (const [one, listener] of this.#listeners) if (one === moment) listener(event)
    this.turn()
  }
}

describe('the views of an application', () => {
  let page: FakeWindow
  beforeEach(() => {
    page = new FakeWindow()
  })

  it('are the first page, and each one after it', () => {
    page.begin()
    page.change('/shop')
    page.change('/shop?page=2')
    page.path = '/shop'
    page.happen('popstate')
    assert.deepEqual(page.views, ['/', '/shop', '/shop?page=2', '/shop'])
  })

  it('have one view of the first page, at the end of loading, whatever the application does to its address before', () => {
    page.loaded = false
    page.begin()
    page.change('/login', '/home')
    page.happen('popstate')
    assert.deepEqual(page.views, [])
    page.happen('load')
    page.change('/home')
    assert.deepEqual(page.views, ['/home'])
  })

  it('have one view of several changes in one go, and none of a change to the same address', () => {
    page.begin()
    page.change('/a', '/b', '/c')
    page.change('/c')
    page.change('/d', '/c')
    assert.deepEqual(page.views, ['/', '/c'])
  })

  it('do not count hashes, unless that is asked for', () => {
    page.begin()
    page.fragment = '#top'
    page.happen('hashchange')
    assert.deepEqual(page.views, ['/'])
    const other = new FakeWindow()
    other.begin({ hash: true })
    other.fragment = '#/cart'
    // A browser says both.
    other.happen('popstate')
    other.happen('hashchange')
    assert.deepEqual(other.views, ['/', '/#/cart'])
  })

  it('count the page again that comes back from the cache of the browser, and not the one that is shown first', () => {
    page.begin()
    page.happen('pageshow', { persisted: false })
    page.happen('pageshow', { persisted: true })
    assert.deepEqual(page.views, ['/', '/'])
  })
})
