// drive.mjs: what people do, with the keys and the mouse they have. One line for each promise.
import { login, open } from './browser.mjs';

const { JW_BASE: base, JW_FIRST: first, JW_PASSWORD: password } = process.env;
const fresh = 'Own-words-of-a-person-5';
const evil = '<img src=x onerror=alert(1)>主机';
let good = true;
const browser = await open();
const { page } = browser;

async function promise(name, run) {
  browser.complaints.length = 0;
  try {
    await run();
    if (browser.complaints.length) throw new Error(browser.complaints.join('\n  '));
    console.log(`ok ${name}`);
  } catch (why) {
    good = false;
    console.log(`  ${String(why.message).slice(0, 1500)}\nFAIL ${name}`);
    if (process.env.JW_SHOT) await page.screenshot({ path: `${process.env.JW_SHOT}/${name.replaceAll(' ', '_')}.png` });
  }
}
const same = (got, want) => { if (got !== want) throw new Error(`${JSON.stringify(got)} is not ${JSON.stringify(want)}`); };
const sees = (text) => page.getByText(text, { exact: false }).first().waitFor();
const number = async (locator) => Number((await locator.innerText()).replace(/[^0-9]/g, '').slice(0, 12));
// how many were found, once it is another number than before
const found = async (before = -1) => {
  const shown = await page.waitForFunction((n) => {
    const text = /共 ([\d,]+) 条/.exec(document.querySelector('.results-head')?.innerText ?? '')?.[1].replaceAll(',', '');
    return text !== undefined && Number(text) !== n ? text : null;
  }, before);
  return Number(await shown.jsonValue());
};

await promise('a first login leads to a password of ones own and then in', async () => {
  await login(page, base, 'lin.wei', first);
  await sees('设置您自己的密码');
  same(await page.locator('.nav').count(), 0);
  await page.locator('#old').fill(first);
  await page.locator('#fresh').fill(fresh);
  await page.locator('#again').fill('Something-else-5');
  await page.locator('button[type=submit]').click();
  await sees('两次输入不一致');
  await page.locator('#again').fill(fresh);
  await page.locator('button[type=submit]').click();
  await page.locator('.nav').waitFor();
});

if (!good) { await browser.close(); process.exit(1); } // without a login nothing else can be tried

await promise('home shows the alerts of the day and leads to them', async () => {
  await page.locator('.tile.critical b').filter({ hasText: /^\d/ }).waitFor();
  const count = await number(page.locator('.tile.critical b'));
  if (!count) throw new Error('no critical alerts');
  await page.locator('.tile.critical').click();
  await page.locator('.queue-group').first().waitFor();
  same(await number(page.locator('.pane-head').filter({ hasText: '组' }).locator('text=/组，/').first()) > 0, true);
});

await promise('an alert says why it fired and shows its evidence and whose it is', async () => {
  await page.locator('.alert .reason').waitFor();
  await page.locator('.evidence li .line').first().waitFor();
  await page.locator('.whose dd').first().waitFor();
});

await promise('j and k walk through the alerts', async () => {
  const at = () => page.evaluate(() => [...document.querySelectorAll('.queue-alert')].findIndex((one) => one.classList.contains('on')));
  await page.locator('.queue-alert').nth(1).waitFor();
  same(await at(), 0);
  await page.keyboard.press('j');
  await page.locator('li:nth-child(2) > .queue-alert.on').waitFor();
  await page.keyboard.press('k');
  await page.locator('li:nth-child(1) > .queue-alert.on').waitFor();
});

await promise('a search is narrowed from a value and the address keeps it', async () => {
  await page.keyboard.press('g');
  await page.keyboard.press('s');
  const all = await found();
  await page.locator('.query input').fill('event.dataset:system.auth');
  await page.locator('.query input').press('Enter');
  await page.waitForURL(/q=event.dataset/);
  await page.locator('.ant-table-row').first().waitFor();
  const some = await found(all);
  if (!(some > 0 && some < all)) throw new Error(`${some} of ${all}`);
  await page.locator('.ant-table-row').first().click();
  await page.locator('.event .value', { hasText: 'system.auth' }).first().waitFor();
  await page.locator('.event dt[title="event.outcome"] + dd .value').first().click();
  await page.getByRole('menuitem', { name: '排除' }).click();
  await page.waitForURL(/and\+not\+event\.outcome|and%20not%20event\.outcome/);
  const fewer = await found(some);
  if (!(fewer < some)) throw new Error(`${fewer} of ${some}`);
  const url = page.url();
  await page.goto(url);
  same(await found(), fewer);
});

await promise('a field shows its most frequent values', async () => {
  await page.goto(`${base}/console/search`);
  await page.locator('.field-name', { hasText: 'gov.unit' }).click();
  await page.locator('ul.top li .cut').first().waitFor();
});

await promise('a record is made from the form and a fault stands at its field', async () => {
  await page.goto(`${base}/console/ledgers/server`);
  await page.getByRole('button', { name: '新建' }).click();
  await page.locator('#name').fill(evil);
  await page.locator('#ip').fill('172.16.9.77');
  await page.getByRole('button', { name: '保存' }).click();
  await sees('此项必填');
  await page.locator('#unit').click();
  await page.locator('.ant-select-item-option').first().click();
  await page.getByRole('button', { name: '保存' }).click();
  await page.waitForURL(/ledgers\/server\/\d+/);
  await page.locator('.record-panel h2', { hasText: '主机' }).waitFor();
  same(await page.locator('.record-panel h2').innerText(), evil);
});

await promise('what changed and why stands in the history', async () => {
  await page.locator('.record-panel').getByRole('button', { name: '修改' }).click();
  await page.locator('#os').fill('openEuler 24.03');
  await page.locator('#why').fill('国产化替代');
  await page.getByRole('button', { name: '保存' }).click();
  await page.getByRole('tab', { name: '变更历史' }).click();
  await page.locator('.history ins', { hasText: 'openEuler 24.03' }).waitFor();
  await sees('国产化替代');
});

await promise('a list is filtered and sorted by the address', async () => {
  await page.goto(`${base}/console/ledgers/server?filter=grade:eq:core&sort=name`);
  await page.locator('.filter-tag', { hasText: '核心' }).waitFor();
  await page.locator('.ant-table-row').first().waitFor();
});

await promise('the console speaks English', async () => {
  await page.getByRole('button', { name: 'EN', exact: true }).click();
  await sees('Records');
  await page.goto(`${base}/console/alerts`);
  await sees('Why it fired');
  same(await page.evaluate(() => document.documentElement.lang), 'en');
  for (const path of ['home', 'search', 'ledgers', 'ledgers/server', 'status', 'accounts', 'me']) {
    await page.goto(`${base}/console/${path}`);
    await page.locator('.nav').waitFor();
    await page.waitForLoadState('networkidle');
    const left = await page.evaluate(() => document.querySelector('.nav').innerText + document.querySelector('.page-head')?.innerText);
    if (/[\u4e00-\u9fff]/.test(left.replace('undefined', ''))) throw new Error(`${path}: ${left}`);
  }
});

await promise('who logs out is out', async () => {
  await page.locator('.who').click();
  await page.getByRole('menuitem', { name: 'Log out' }).click();
  await page.locator('#user').waitFor();
  await page.goto(`${base}/console/alerts`);
  await page.locator('#user').waitFor();
});

await promise('somebody else sees only what the roles give', async () => {
  await login(page, base, 'keeper', password);
  await page.locator('.nav').waitFor();
  same(await page.getByRole('link', { name: 'Accounts' }).count(), 0);
});

await browser.close();
process.exit(good ? 0 : 1);
