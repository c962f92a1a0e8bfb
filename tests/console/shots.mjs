// shots.mjs OUT: every page in both themes at two sizes.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { login, open } from './browser.mjs';

const [out, only = ''] = process.argv.slice(2);
const { JW_BASE: base, JW_PASSWORD: password } = process.env;
const sizes = (process.env.JW_SIZES ?? '1366x768 1920x1080').split(' ').map((text) => text.split('x').map(Number));
const themes = (process.env.JW_THEMES ?? 'light dark').split(' ');
const language = process.env.JW_LANGUAGE ?? 'zh';
mkdirSync(out, { recursive: true });

const pages = [
  ['home', '/console/home'], ['alerts', '/console/alerts'], ['alerts-unit', '/console/alerts?by=unit'], ['search', '/console/search'],
  ['search-event', '/console/search?q=event.dataset%3Asystem.auth', async (page) => { await page.locator('.ant-table-row').nth(2).click(); await page.locator('.field-name').first().click(); }],
  ['search-mistake', '/console/search?q=source.port%3Aabc'], ['search-nothing', '/console/search?q=nosuchword'],
  ['ledgers', '/console/ledgers'], ['ledger', '/console/ledgers/server'], ['ledger-empty', '/console/ledgers/drill'], ['ledger-new', '/console/ledgers/server/new'],
  ['ledger-record', '/console/ledgers/server/1'], ['ledger-edit', '/console/ledgers/server/1?edit=1'], ['ledger-history', '/console/ledgers/server/1?tab=history'],
  ['flow', '/console/ledgers/vulnerability/1?tab=flow'], ['tasks', '/console/tasks'], ['notices', '/console/tasks?which=notices'],
  ['status', '/console/status'], ['me', '/console/me'],
  ['palette', '/console/home', async (page) => { await page.keyboard.press('Control+k'); await page.locator('.palette input').waitFor(); await page.keyboard.type('服务'); }],
];

for (const [width, height] of sizes) for (const theme of themes) {
  const browser = await open({ width, height, theme, language });
  const shoot = async (name) => { await page.screenshot({ path: join(out, `${name}-${width}-${theme}.png`) }); };
  const { page } = browser;
  await page.goto(base);
  await page.locator('#user').waitFor();
  if ('login'.startsWith(only) || !only) await shoot('login');
  await login(page, base, 'keeper', password);
  await page.locator('.shell').waitFor();
  for (const [name, path, act] of pages) {
    if (only && !name.includes(only)) continue;
    await page.goto(base + path);
    await page.waitForLoadState('networkidle');
    if (act) { await act(page); await page.waitForTimeout(500); }
    await page.waitForTimeout(400);
    await shoot(name);
  }
  for (const complaint of browser.complaints) console.log(`${width} ${theme} ${complaint}`);
  await browser.close();
}
