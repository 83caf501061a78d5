import type { ContextOptions, Properties } from '../types.ts'

/** Browser and screen in a call, under Tracardi's names; stored with the session. */
export function callContext(wanted: ContextOptions): Properties & { readonly utm?: Properties } {
  const parameters = [...new URLSearchParams(location.search)]
  return {
    time: { local: new Date().toISOString(), tz: Intl.DateTimeFormat().resolvedOptions().timeZone },
    ...(wanted.browser !== false && { browser: { local: browser() } }),
    ...(wanted.screen !== false && { screen: { local: screenSize() } }),
    ...(wanted.utm !== false && { utm: named('utm_', parameters) }),
    ...(wanted.tracardiPass !== false && passed(parameters)),
  }
}

/** The page on which an event was registered. */
export function eventContext(wanted: ContextOptions): Properties {
  return wanted.page === false ? {} : { page: page() }
}

function browser(): Properties {
  return {
    browser: copy(navigator, ['userAgent', 'language', 'onLine', 'cookieEnabled']),
    device: { platform: navigator.platform },
  }
}

function screenSize(): Properties {
  return {
    ...copy(screen, ['width', 'height', 'availWidth', 'availHeight', 'colorDepth', 'pixelDepth']),
    innerWidth,
    innerHeight,
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
    history: { length: history.length },
  }
}

function copy<T extends object>(from: T, names: readonly (keyof T)[]): Properties {
  return Object.fromEntries(names.map((name) => [name, from[name]]))
}

/** The parameters of the page's address whose names begin so, without that beginning. */
function named(start: string, parameters: readonly (readonly [string, string])[]): Properties {
  const found = parameters.filter(([name]) => name.startsWith(start))
  return Object.fromEntries(found.map(([name, value]) => [name.slice(start.length), value]))
}

/** The profile that a link from another site names, under Tracardi's names. */
function passed(parameters: readonly (readonly [string, string])[]): Properties {
  const { pid: profile, src: source } = named('__tr_', parameters)
  return profile ? { tracardi: { pass: { profile, source } } } : {}
}
