/** `/console/page/uplot.js` is served from the package. */
export { default } from 'uplot'
