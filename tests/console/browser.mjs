// A Chromium of its own with an empty profile; whatever it complains about is remembered.
import { createRequire } from 'node:module';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const { chromium } = createRequire(join(process.env.JW_SOURCE, 'console/package.json'))('playwright-core');

const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

export async function open({ width = 1366, height = 768, theme = 'light', language = 'zh' } = {}) {
  const profile = mkdtempSync(join(tmpdir(), 'jw.'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.JW_CHROMIUM ?? '/usr/bin/chromium', headless: true, args: flags, ignoreHTTPSErrors: true,
    viewport: { width, height }, colorScheme: theme, locale: language === 'en' ? 'en-GB' : 'zh-CN', timezoneId: 'Asia/Shanghai',
    acceptDownloads: true, permissions: ['clipboard-write'],
  });
  await context.addInitScript(([l]) => { if (!localStorage.getItem('language')) localStorage.setItem('language', l); }, [language]);
  const page = context.pages()[0] ?? await context.newPage();
  const complaints = [];
  page.on('console', (message) => { if (message.type() === 'error' || message.type() === 'warning') complaints.push(`console: ${message.text()}`); });
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  page.on('requestfailed', (request) => {
    const why = request.failure()?.errorText ?? '';
    if (!/ERR_ABORTED/.test(why)) complaints.push(`request: ${request.url()} ${why}`); // aborted: the page itself changed its mind
  });
  page.on('response', (response) => { if (response.status() >= 400) complaints.push(`answer: ${response.status()} ${response.request().method()} ${response.url()}`); });
  page.setDefaultTimeout(20000);
  return { page, context, complaints, async close() { await context.close(); rmSync(profile, { recursive: true, force: true }); } };
}

export async function login(page, base, user, password) {
  await page.goto(base);
  await page.locator('#user').fill(user);
  await page.locator('#password').fill(password);
  await page.locator('button[type=submit]').click();
}
