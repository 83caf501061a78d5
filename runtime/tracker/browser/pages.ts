import { viewsOf } from '../pages.ts'
import { pagesHost } from './pages-host.ts'

/** `pages.js`, next to `tracker.js` in the pages of an application: `data-hash` on its element counts hashes, too. */
function start(script: HTMLScriptElement | null): void {
  window.tracker ??= {
    queue: [],
    track(...call) {
      this.queue.push(call)
    },
  }
  viewsOf(pagesHost(), { hash: script?.dataset['hash'] !== undefined }, () => void window.tracker?.track('page-view'))
}

start(document.currentScript as HTMLScriptElement | null)
