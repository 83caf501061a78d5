import type { ContextOptions, Properties } from '../types.ts'

/** Browser and screen in a call, under Tracardi's names; stored with the session. */
export function callContext(wanted: ContextOptions): Properties {
  return {
    time: { local: new Date().toISOString(), tz: Intl.DateTimeFormat().resolvedOptions().timeZone },
    ...(wanted.browser !== false && { browser: { local: browser() } }),
    ...(wanted.screen !== false && { screen: { local: screenSize() } }),
    ...(wanted.utm !== false && { utm: utm() }),
  }
}

/** The page on which an event was registered. */
export function eventContext(wanted: ContextOptions): Properties {
  return wanted.page === false ? {} : { page: page() }
}

function browser(): Properties {
  return {
    browser: copy(navigator, ['userAgent', 'language', 'onLine', 'cookieEnabled']),
    device: copy(navigator, ['platform']),
  }
}

function screenSize(): Properties {
  return {
    ...copy(screen, ['width', 'height', 'availWidth', 'availHeight', 'colorDepth', 'pixelDepth']),
    ...copy(window, ['innerWidth', 'innerHeight']),
    orientation: screen.orientation?.type,
  }
}

function page(): Properties {
  const { href: url, pathname: path, hash, host } = location
  const referrer = document.referrer && new URL(document.referrer).host
  return {
    url,
    path,
    hash,
    title: document.title,
    referer: { host: referrer && referrer !== host ? referrer : null },
    history: copy(history, ['length']),
  }
}

function copy<T extends object>(from: T, names: readonly (keyof T)[]): Properties {
  return Object.fromEntries(names.map((name) => [name, from[name]]))
}

/** Where the visitor comes from, as the page's address says it. */
function utm(): Properties {
  const found = [...new URLSearchParams(location.search)].filter(([name]) => name.startsWith('utm_'))
  return Object.fromEntries(found.map(([name, value]) => [name.slice(4), value]))
}
