// The console in a real browser: sign in, preview with its spread and the other ways, press the key,
// armed and running, see green by read-back, late warnings and the loser's word, take a signal out,
// cancel, switch the language, open the report. Run: node hil-tests/browser/console.mjs SIGN_IN_LINK
// playwright-core comes from the console's own npm project.

import { createRequire } from 'node:module';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const web = join(here, '../../src/shell/console/web/package.json');
const { chromium } = createRequire(web)('playwright-core');

const link = process.argv[2] ?? process.env.GREENWAVE_SIGN_IN;
if (!link) {
  console.error('usage: console.mjs SIGN_IN_LINK');
  process.exit(2);
}
const artefacts = process.env.GREENWAVE_ARTEFACTS ?? join(here, '../artefacts');
mkdirSync(artefacts, { recursive: true });

const faults = [];
const check = (fine, what) => {
  console.log(`${fine ? 'ok  ' : 'FAIL'} ${what}`);
  if (!fine) faults.push(what);
};

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
});

async function open() {
  const context = await browser.newContext({
    viewport: { width: 1366, height: 768 },
    locale: 'zh-CN',
  });
  const page = await context.newPage();
  await page.addInitScript(() => {
    globalThis.cspViolations = [];
    document.addEventListener('securitypolicyviolation', (event) => {
      globalThis.cspViolations.push(`${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  page.on('pageerror', (error) => faults.push(`script error: ${error.message}`));
  page.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) faults.push(message.text());
  });
  return page;
}

async function run(page) {
  const id = (name) => page.getByTestId(name);
  const shot = (name) => page.screenshot({ path: join(artefacts, `console-${name}.png`) });

  // 1. The console was built, and the link signs in.
  const answer = await page.goto(link);
  const policy = answer?.headers()['content-security-policy'] ?? '';
  check(policy.includes("default-src 'self'"), 'the page has a strict policy');
  check(!policy.includes('unsafe'), 'the policy allows nothing inline');
  const built = await page.evaluate(() => document.documentElement.dataset.console);
  if (built !== 'built') throw new Error('the console was not built: the plain page is served');
  await id('map').waitFor({ timeout: 20_000 });
  await page.locator('[data-testid=connection][data-link=up]').waitFor({ timeout: 20_000 });
  check(!page.url().includes('sign-in'), 'the token is gone from the address');
  await page.waitForTimeout(1200);
  await shot('1-city');

  // 2. A preview, before the key.
  const places = await id('destination-select').locator('option').all();
  const wanted = process.env.GREENWAVE_DESTINATION;
  let seen = false;
  let value = '';
  for (const place of wanted ? [wanted] : places.slice(1)) {
    value = typeof place === 'string' ? place : await place.getAttribute('value');
    await id('destination-select').selectOption(value);
    const preview = id('preview').waitFor({ timeout: 8000 }).then(() => true, () => false);
    seen = await preview;
    const rows = seen ? await id('preview').locator('svg.bars > g').count() : 0;
    if (seen && rows >= 3) break;
  }
  check(seen, 'a preview is shown');
  // Signals that have just been taken over show their start-up first, and nothing is promised of them.
  const saved = async () => Number(await id('preview-saved').textContent({ timeout: 8000 }));
  for (let tries = 0; tries < 30 && !((await saved()) > 0); tries += 1) {
    await id('destination-select').selectOption(await places[0].getAttribute('value'));
    await page.waitForTimeout(2000);
    await id('destination-select').selectOption(value);
    await id('preview').waitFor({ timeout: 8000 });
  }
  check((await saved()) > 0, 'the preview says the seconds saved');
  check(await id('price').isVisible(), 'the preview says the price to others');
  const spread = await id('preview-with').textContent();
  check(/\d+:\d\d\s+–\s+\d+:\d\d/.test(spread ?? ''), `arrival is a spread (${spread?.trim()})`);
  check(/-?\d/.test((await id('price-interval').textContent()) ?? ''), 'the price has an interval');
  const advice = (await id('advice').first().textContent())?.trim() ?? '';
  check(/秒/.test(advice), `advice in plain words (${advice})`);
  check(await id('key').isEnabled(), 'the key is armed');
  const ways = await id('way').count();
  if (ways > 1) {
    const best = await id('preview-with').textContent();
    await id('way').nth(1).click();
    const other = await id('preview-with').textContent();
    check(best !== other, `another way has its own figures (${ways} ways)`);
    await id('way').first().click();
  } else {
    console.log('note no other way to this place');
  }
  await page.waitForTimeout(900);
  await shot('2-preview');

  // 3. The key, by keyboard; greens arrive by read-back.
  await page.keyboard.press('F9');
  await id('corridor').waitFor({ timeout: 10_000 });
  const rows = await id('signal-row').count();
  check(rows >= 3, `the corridor lists its signals (${rows})`);
  const state = await id('corridor').getAttribute('data-state');
  check(['confirmed', 'staging', 'active'].includes(state ?? ''), `armed or running (${state})`);
  await page.locator('[data-testid=corridor][data-state=active]').waitFor({ timeout: 30_000 });
  check(true, 'the corridor runs once the vehicle moves');
  const told = await id('warning').evaluateAll((all) => all.map((one) => one.dataset.code));
  const words = ['late', 'expect-red'];
  check(told.every((code) => words.includes(code)), `warnings are known (${told.join(' ') || 'none'})`);
  const late = await page.locator('[data-testid=signal-row].late').count();
  check(late === 0 || told.includes('late'), `late signals are said (${late})`);
  const green = page.locator('[data-testid=signal-row][data-confirmed=lamp_readback]');
  await green.first().waitFor({ timeout: 120_000 });
  const site = await green.first().getAttribute('data-site');
  check(true, `${site} is confirmed green by read-back`);
  await green.first().locator('button.name').click();
  await id('site-drawer').waitFor();
  const lit = await id('lamp').evaluateAll((all) => all.map((one) => one.dataset.lamp));
  check(lit.some((lamp) => lamp === 'green'), `its drawer shows a green lamp (${lit.join(' ')})`);
  await shot('3-running');
  check(await id('others-wait').isVisible(), 'the longest wait of others is shown');

  // 4. One signal out with one act.
  const waiting = page.locator(
    '[data-testid=signal-row]:is([data-state=pending],[data-state=requested],' +
      '[data-state=clearing],[data-state=green_held])',
  );
  const last = await waiting.last().getAttribute('data-site');
  await waiting.last().getByTestId('take-out').click();
  const out = page.locator(`[data-site="${last}"]:is([data-state=local_control],[data-state=released],[data-state=recovering])`);
  await out.first().waitFor({ timeout: 10_000 });
  check(true, `${last} was taken out`);

  // 5. The other language.
  const before = await id('cancel').textContent();
  await id('lang-switch').click();
  const after = await id('cancel').textContent();
  check(before !== after, `the language changes (${before?.trim()} / ${after?.trim()})`);
  await shot('4-english');

  // 6. Cancel.
  await id('cancel').click();
  const over = '[data-testid=corridor]:is([data-state=cancelled],[data-state=releasing],' +
    '[data-state=recovering])';
  await page.locator(over).waitFor({ timeout: 10_000 });
  check(true, 'the corridor is cancelled');
  await page.waitForTimeout(800);
  await shot('5-cancelled');

  // 7. The report of the run.
  await id('report').waitFor({ timeout: 120_000 });
  const href = await id('report').getAttribute('href');
  const report = await page.context().newPage();
  const page2 = await report.goto(new URL(href, page.url()).href);
  check(page2?.status() === 200, `the report opens (${page2?.status()})`);
  const strict = page2?.headers()['content-security-policy'] ?? '';
  check(strict.startsWith("default-src 'none'"), 'the report allows no script at all');
  check((await report.locator('svg polyline').count()) >= 1, 'it has a time-space diagram');
  const text = (await report.locator('body').textContent()) ?? '';
  check(text.includes('节省') && text.includes('saved'), 'it speaks both languages');
  check((await report.locator('script').count()) === 0, 'it has no script');
  await report.screenshot({ path: join(artefacts, 'console-6-report.png'), fullPage: true });
  await report.close();

  const violations = await page.evaluate(() => globalThis.cspViolations);
  check(violations.length === 0, `no policy violation (${violations.join('; ')})`);
}

let page;
try {
  page = await open();
  await run(page);
} catch (error) {
  faults.push(String(error));
  await page?.screenshot({ path: join(artefacts, 'console-failed.png') }).catch(() => {});
} finally {
  await browser.close();
}
for (const fault of faults) console.error(`fault: ${fault}`);
process.exit(faults.length === 0 ? 0 : 1);
