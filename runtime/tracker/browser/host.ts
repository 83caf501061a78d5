import type { ApiResponse, Host, StorageLike } from '../host.ts'
import type { Answer, Properties } from '../types.ts'
import { callContext, eventContext } from './context.ts'

/** A call without an answer is given up, so that it cannot keep all others waiting. */
const POST_TIMEOUT_MS = 30_000

declare global {
  interface Window {
    /** What Tracardi's snippet lets a page say about every call. */
    response?: { readonly context?: Properties }
  }
  interface Navigator {
    readonly globalPrivacyControl?: boolean
  }
  interface Document {
    readonly prerendering?: boolean
  }
}

/** The browser that the page is open in. */
export function browserHost(): Host {
  return {
    signals: {
      doNotTrack: navigator.doNotTrack === '1',
      globalPrivacyControl: !!navigator.globalPrivacyControl,
    },
    storage: readableStorage(),
    locks: navigator.locks,
    nowMs: () => Date.now(),
    random: Math.random,
    randomBytes: (bytes) => crypto.getRandomValues(bytes),
    readCookie,
    writeCookie,
    startTimer: (ms, fire) => {
      const timer = setTimeout(fire, ms)
      return () => clearTimeout(timer)
    },
    post,
    isLoaded: () => document.readyState === 'complete',
    isHidden: () => document.visibilityState === 'hidden',
    isPrerendering: () => !!document.prerendering,
    // Capturing, because an event of the document does not always bubble up to the window.
    on: (moment, listener) => addEventListener(moment, listener, true),
    callOptions: () => window.response?.context ?? {},
    callContext,
    eventContext,
    elements: (target) =>
      typeof target === 'string' ? document.querySelectorAll(target) : 'addEventListener' in target ? [target] : target,
    // biome-ignore lint/suspicious/noConsole: the developer of the page has no other place to read it.
    warn: (text) => console.warn(`[tracker] ${text}`),
  }
}

/** Reading and writing are two abilities: a storage that is full still has the visitor's decision. Looking at a blocked one throws. */
function readableStorage(): StorageLike | undefined {
  try {
    return localStorage
  } catch {
    return undefined
  }
}

function readCookie(name: string): string | undefined {
  const found = document.cookie.split('; ').find((cookie) => cookie.startsWith(`${name}=`))
  return found?.slice(name.length + 1)
}

function writeCookie(name: string, value: string, maxAgeSeconds: number): void {
  const secure = location.protocol === 'https:' ? ';secure' : ''
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is asynchronous, and not in every browser.
  document.cookie = `${name}=${value};path=/;max-age=${maxAgeSeconds};samesite=lax${secure}`
}

function post(url: string, body: string, keepalive: boolean): Promise<ApiResponse | undefined> {
  const signal = AbortSignal.timeout(POST_TIMEOUT_MS)
  // A text as body is sent as text/plain, which needs no preflight.
  return fetch(url, { method: 'POST', body, keepalive, credentials: 'omit', signal }).then(answerOf, () => undefined)
}

async function answerOf(response: Response): Promise<ApiResponse> {
  const data: Answer | null | undefined = await response.json().catch(() => undefined)
  return { status: response.status, retryAfter: response.headers.get('retry-after'), data }
}
