export interface DrawnBar {
  readonly label: string
  readonly kind: 'ours' | 'other'
  /** In pixels, to a tenth. */
  readonly width: number
}

/** The bars of a chart, from top to bottom. */
export function barsOf(svg: string): DrawnBar[] {
  const labels = [...svg.matchAll(/text-anchor="end"[^>]*>([^<]+)</g)].map(([, label = '']) => label)
  const bars = [...svg.matchAll(/<path d="M0,[\d.]+h([\d.]+)v[^"]+" fill="(#\w+)"/g)]
  return bars.map(([, width, fill], index) => ({
    label: labels[index] ?? '',
    kind: fill === '#0a69b7' ? 'ours' : 'other',
    width: Number(Number(width).toFixed(1)),
  }))
}
