/** @type {import('vite').UserConfig} */
const config = {
  base: '/',
  // The client as it is written: its dist/ may be made later.
  resolve: { conditions: ['humtemp-source', 'module', 'browser', 'development|production'] },
  build: {
    outDir: 'dist/site',
    emptyOutDir: true,
    target: ['chrome116', 'firefox124', 'safari17.4'],
    // Nothing may stand inline: the page's policy forbids it.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  worker: { format: 'es' },
};

// biome-ignore lint/style/noDefaultExport: Vite reads it so
export default config;
