import { byId, setText } from './element.js'

/** Of this tab alone, and gone with it. */
const KEY = 'tracardi-operator-token'

/** A call that was refused because nobody is signed in; the form is shown already. */
export class SignedOut extends Error {}

/** Whether there is a token to call with. */
export function isSignedIn() {
  return sessionStorage.getItem(KEY) !== null
}

/**
 * Calls with the token; a 401 asks for another one. Paths are those of the API: a proxy may have put a prefix before them.
 *
 * @type {(path: string, options?: RequestInit) => Promise<unknown>}
 */
export async function call(path, options = {}) {
  const token = sessionStorage.getItem(KEY)
  const headers = { .../** @type {Record<string, string>} */ (options.headers), authorization: `Bearer ${token}` }
  const response = await fetch(new URL(`../..${path}`, import.meta.url), { ...options, headers })
  const answer = await response.json()
  if (response.status === 401) {
    // An answer to an old token says nothing about the one given since.
    if (token === sessionStorage.getItem(KEY)) signOut(answer.detail)
    throw new SignedOut(answer.detail)
  }
  if (!response.ok) throw new Error(answer.detail)
  return answer
}

/** @type {(onSignIn: () => void) => void} Takes the token from the address, or asks for it. */
export function handleSignIn(onSignIn) {
  const begin = () => {
    document.body.classList.remove('signed-out')
    onSignIn()
  }
  byId('sign-in').addEventListener('submit', (event) => {
    event.preventDefault()
    const field = tokenField()
    sessionStorage.setItem(KEY, field.value.trim())
    field.value = ''
    begin()
  })
  addEventListener('hashchange', () => {
    if (takeFromAddress()) begin()
  })
  takeFromAddress()
  if (!isSignedIn()) signOut('')
}

/** `#token=…` never reaches a server, and is removed, so that neither history nor a copied address has it. */
function takeFromAddress() {
  const token = /^#token=(.+)$/.exec(location.hash)?.[1]
  if (token === undefined) return false
  sessionStorage.setItem(KEY, decoded(token))
  history.replaceState(null, '', location.pathname + location.search)
  return true
}

/** @type {(text: string) => string} */
function decoded(text) {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** @type {(reason: string) => void} */
function signOut(reason) {
  sessionStorage.removeItem(KEY)
  setText('sign-in-fault', reason)
  tokenField().setAttribute('aria-invalid', String(reason !== ''))
  setText('state', 'Signed out')
  byId('state').dataset['severity'] = 'unknown'
  setText('fresh', '')
  if (document.body.classList.contains('signed-out')) return
  document.body.classList.add('signed-out')
  tokenField().focus()
}

function tokenField() {
  return /** @type {HTMLInputElement} */ (byId('token'))
}
