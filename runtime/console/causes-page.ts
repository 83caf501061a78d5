import { CAUSES } from '../telemetry/causes.ts'

/** The page with a section for each cause, to which each advice links: also where there is no way to the documentation. */
export function causesPage(): Buffer {
  const sections = Object.entries(CAUSES).map(
    ([code, { title, when, remedy }]) =>
      `<section id="${code}"><h2>${inHtml(title)}</h2><p><code>${code}</code></p><p>Found when ${inHtml(when)}.</p><p>${inHtml(remedy)}</p></section>`,
  )
  return Buffer.from(`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>Causes · Tracardi at scale</title>
    <link rel="icon" href="page/icon.svg">
    <link rel="stylesheet" href="page/console.css">
  </head>
  <body>
    <header class="top"><h1>Causes</h1></header>
    <main>
      <p><a href="../console">Back to the console</a></p>
${sections.join('\n')}
    </main>
  </body>
</html>
`)
}

/** Only for our own texts; names between backticks are code. */
function inHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll(/`([^`]+)`/g, '<code>$1</code>')
}
