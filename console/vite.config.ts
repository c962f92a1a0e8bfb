// How the console is built: static files under names that carry a digest of their content, each with its gzip beside it.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

// jw-api sends these as they are; nothing is packed while somebody waits
function packed(): Plugin {
  let folder = '';
  return {
    name: 'packed',
    apply: 'build',
    configResolved(config) {
      folder = join(config.build.outDir, 'assets');
    },
    closeBundle() {
      for (const name of readdirSync(folder)) {
        if (/\.(js|css|svg|json)$/.test(name)) {
          const plain = readFileSync(join(folder, name));
          if (plain.length > 1024) writeFileSync(join(folder, `${name}.gz`), gzipSync(plain, { level: 9 }));
        }
      }
    },
  };
}

export default defineConfig({
  plugins: [react(), packed()],
  html: { cspNonce: '@NONCE@' }, // jw-api puts a new one in for every visit
  build: {
    target: 'es2020',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false }, // would be an inline script
    reportCompressedSize: false,
    chunkSizeWarningLimit: 2000,
    rollupOptions: {
      output: {
        manualChunks(id) {
          if (/node_modules\/(react|react-dom|scheduler|react-router|react-router-dom|@remix-run)\//.test(id)) return 'react';
          if (/node_modules\/(echarts|zrender)\//.test(id)) return 'charts';
          return undefined;
        },
      },
    },
  },
});
