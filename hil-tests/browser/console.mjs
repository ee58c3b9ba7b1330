// The dispatcher's day in a real browser, on the running demo. In Chinese: sign in, preview with its
// spread and the other ways, press the key, armed and running, green by read-back, one signal passed
// and one taken out, extended, cancelled, the report. In English: two missions that cross, the loser's
// message, a late warning. Run: node hil-tests/browser/console.mjs SIGN_IN_LINK

import { accessible, check, open, shot, strict, tell } from './page.mjs';
import { crossing, lateStart, press, signalsAreUp } from './traffic.mjs';

const link = process.argv[2] ?? process.env.GREENWAVE_SIGN_IN;
if (!link) {
  console.error('usage: console.mjs SIGN_IN_LINK');
  process.exit(2);
}

/** The console was built, and the link signs in. */
async function door(page) {
  const answer = await page.goto(link);
  const policy = answer?.headers()['content-security-policy'] ?? '';
  check(policy.includes("default-src 'self'"), 'the page has a strict policy');
  check(!policy.includes('unsafe'), 'the policy allows nothing inline');
  const built = await page.evaluate(() => document.documentElement.dataset.console);
  if (built !== 'built') throw new Error('the console was not built: the plain page is served');
  await page.getByTestId('map').waitFor({ timeout: 20_000 });
  await page.locator('[data-testid=connection][data-link=up]').waitFor({ timeout: 20_000 });
  check(!page.url().includes('sign-in'), 'the token is gone from the address');
  check(await signalsAreUp(page), 'every signal has gone through its start-up');
  await shot(page, '1-city');
}

/** A preview, before the key. */
async function preview(page) {
  const id = (name) => page.getByTestId(name);
  const places = await id('destination-select').locator('option').all();
  const wanted = process.env.GREENWAVE_DESTINATION;
  let rows = 0;
  for (const place of wanted ? [wanted] : places.slice(1)) {
    const value = typeof place === 'string' ? place : await place.getAttribute('value');
    await id('destination-select').selectOption(value);
    const seen = await id('preview').waitFor({ timeout: 8000 }).then(() => true, () => false);
    rows = seen ? await id('preview').locator('svg.bars > g').count() : 0;
    if (rows >= 3) break;
  }
  check(rows >= 3, `a preview is shown (${rows} signals)`);
  await page.waitForFunction(
    () => Number(document.querySelector('[data-testid=preview-saved]')?.textContent) > 0,
    null,
    { timeout: 40_000 },
  );
  check(true, 'the preview says the seconds saved');
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
  await accessible(page, 'the preview');
  await shot(page, '2-preview');
}

/** The key, by keyboard; greens arrive by read-back; one signal passed, one out. */
async function run(page) {
  const id = (name) => page.getByTestId(name);
  await page.keyboard.press('F9');
  await id('corridor').waitFor({ timeout: 10_000 });
  const rows = await id('signal-row').count();
  check(rows >= 3, `the corridor lists its signals (${rows})`);
  const state = await id('corridor').getAttribute('data-state');
  check(['confirmed', 'staging', 'active'].includes(state ?? ''), `armed or running (${state})`);
  await page.locator('[data-testid=corridor][data-state=active]').waitFor({ timeout: 40_000 });
  check(true, 'the corridor runs once the vehicle moves');
  await id('run-spread').waitFor({ timeout: 20_000 });
  check(true, `arrival from p10 to p90 (${(await id('run-spread').textContent())?.trim()})`);
  const green = page.locator('[data-testid=signal-row][data-confirmed=lamp_readback]');
  await green.first().waitFor({ timeout: 120_000 });
  const site = await green.first().getAttribute('data-site');
  check(true, `${site} is confirmed green by read-back`);
  await page.locator(`[data-testid=signal-row][data-site=${site}] button.name`).click();
  await id('site-drawer').waitFor();
  const lit = await id('lamp').evaluateAll((all) => all.map((one) => one.dataset.lamp));
  check(lit.includes('green'), `its drawer shows a green lamp (${lit.join(' ')})`);
  check(await id('others-wait').isVisible(), 'the longest waits of others are shown');
  await page.waitForTimeout(800);
  await shot(page, '3-running');
  await accessible(page, 'a running mission');

  const ahead = page.locator(
    '[data-testid=signal-row]:is([data-state=pending],[data-state=requested],[data-state=clearing],[data-state=green_held])',
  );
  const first = await ahead.first().getAttribute('data-site');
  await ahead.first().getByTestId('passed').click();
  await page.locator(`[data-site="${first}"]:is([data-state=passed],[data-state=recovering],[data-state=released])`).first().waitFor({ timeout: 10_000 });
  check(true, `${first} was passed, by the crew's word`);
  const out = await ahead.last().getAttribute('data-site');
  await ahead.last().getByTestId('take-out').click();
  await page.locator(`[data-site="${out}"]:is([data-state=local_control],[data-state=released],[data-state=recovering])`).first().waitFor({ timeout: 10_000 });
  check(true, `${out} was taken out`);
  await id('extend').click();
  await page.waitForTimeout(400);
  check((await id('problem').count()) === 0, 'the mission is extended');
}

/** Cancel, and the report of the run. */
async function end(page) {
  const id = (name) => page.getByTestId(name);
  await id('cancel').click();
  const over = '[data-testid=corridor]:is([data-state=cancelled],[data-state=releasing],[data-state=recovering])';
  await page.locator(over).waitFor({ timeout: 10_000 });
  check(true, 'the corridor is cancelled');
  await shot(page, '4-cancelled');
  await page.keyboard.press('F2');
  await page.locator('[data-testid=mission][data-column=done]').first().waitFor({ timeout: 20_000 });
  check(true, 'the list has it among what is done');
  await page.getByTestId('mission-open').first().click();
  await id('report').waitFor({ timeout: 120_000 });
  for (const kind of ['report-data', 'report-exemptions']) {
    check(await id(kind).isVisible(), `the ${kind} is offered`);
  }
  const href = await id('report').getAttribute('href');
  const report = await page.context().newPage();
  const answer = await report.goto(new URL(href, page.url()).href);
  check(answer?.status() === 200, `the report opens (${answer?.status()})`);
  const policy = answer?.headers()['content-security-policy'] ?? '';
  check(policy.startsWith("default-src 'none'"), 'the report allows no script at all');
  check((await report.locator('svg polyline').count()) >= 1, 'it has a time-space diagram');
  const text = (await report.locator('body').textContent()) ?? '';
  check(text.includes('节省') && text.includes('saved'), 'it speaks both languages');
  check((await report.locator('script').count()) === 0, 'it has no script');
  await shot(report, '5-report', { fullPage: true });
  await report.close();
}

/** In English: two missions cross, the loser is told; a third starts too near. */
async function twoMissions(page) {
  const id = (name) => page.getByTestId(name);
  const before = await id('tab-missions').textContent();
  await id('lang-switch').click();
  const after = await id('tab-missions').textContent();
  check(before !== after, `the language changes (${before?.trim()} / ${after?.trim()})`);
  await page.keyboard.press('F8');
  await id('vehicle-select').selectOption('A121');
  await id('destination-select').selectOption('H1');
  await id('preview').waitFor({ timeout: 10_000 });
  check(/\bs\b/.test((await id('advice').first().textContent()) ?? ''), 'the preview speaks English');
  await page.waitForFunction(() => !document.querySelector('[data-testid=key]')?.disabled);
  await page.keyboard.press('F9');
  await id('corridor').waitFor({ timeout: 10_000 });
  await page.locator('[data-testid=corridor][data-state=active]').waitFor({ timeout: 40_000 });

  const met = await crossing(page, 'F119');
  check(met !== null, `a fire engine's way crosses it (${met?.sites.join(' ') ?? 'none found'})`);
  if (met) {
    const number = await press(page, met.body);
    const warned = page.locator(`[data-testid=late-warning][data-code=expect-red][data-corridor="${number}"]`);
    await warned.first().waitFor({ timeout: 90_000 });
    const words = (await warned.first().textContent())?.trim() ?? '';
    check(/expect red/.test(words), `the loser is told (${words})`);
    await page.locator('[data-testid=clash][data-side=winner]').first().waitFor({ timeout: 10_000 });
    check(true, 'and the winner hears who waits');
    await warned.first().locator('button').click();
    await page.locator('[data-testid=clash][data-side=loser]').first().waitFor({ timeout: 10_000 });
    await shot(page, '6-crossing');
    await accessible(page, 'two missions that cross');
  }
  const late = await lateStart(page, 'R301');
  check(late !== null, `a rescue vehicle starts too near a red (${late?.site ?? 'none found'})`);
  if (late) {
    await press(page, late.body);
    const warned = page.locator('[data-testid=late-warning][data-code=late]');
    await warned.first().waitFor({ timeout: 60_000 });
    check(true, `late is said at once (${(await warned.first().textContent())?.trim()})`);
    await page.keyboard.press('F2');
    await id('mission').nth(2).waitFor({ timeout: 5000 });
    await accessible(page, 'the list of missions');
    await shot(page, '7-missions');
  }
}

await tell(async () => {
  const page = await open();
  await door(page);
  await preview(page);
  await run(page);
  await end(page);
  await twoMissions(page);
  await strict(page);
});
