// The desk, the auditor and the admin in a real browser, over the made-up town of console-fixture:
// node hil-tests/browser/desk.mjs BASE PEOPLE, where PEOPLE is the file with what the fixture printed.

import { readFileSync } from 'node:fs';
import { accessible, check, code, open, shot, signIn, strict, tell } from './page.mjs';

const [base, file] = process.argv.slice(2);
if (!base || !file) {
  console.error('usage: desk.mjs BASE PEOPLE');
  process.exit(2);
}
const told = readFileSync(file, 'utf8').split('\n');
const password = told.find((line) => line.startsWith('password ')).slice(9);
const people = Object.fromEntries(
  told.filter((line) => line.startsWith('person ')).map((line) => {
    const [, name, , secret] = line.split(' ');
    return [name, secret];
  }),
);
const enter = async (name, locale) => {
  const page = await open(locale);
  await signIn(page, base, name, password, people[name]);
  return page;
};

/** Alarms, search, manual control, settings, help, by keyboard and mouse. */
async function dispatcher(page) {
  const id = (name) => page.getByTestId(name);
  await page.locator('[data-testid=connection][data-link=up]').waitFor({ timeout: 15_000 });
  await accessible(page, 'the desk');

  await page.keyboard.press('F4');
  await id('alarms-panel').waitFor();
  check((await id('alarm').first().getAttribute('data-serious')) === 'true', 'the serious alarm is first');
  await accessible(page, 'the alarms');
  await id('acknowledge').first().click();
  await id('alarm-seen').first().waitFor({ timeout: 5000 });
  check((await id('alarm-seen').first().textContent()).includes('zhou'), 'who has seen the alarm is kept');
  await shot(page, 'desk-1-alarms');
  await page.keyboard.press('Escape');
  await id('alarms-panel').waitFor({ state: 'detached' });

  await page.keyboard.press('F3');
  await page.keyboard.type('J05');
  await id('hit').first().waitFor();
  await page.keyboard.press('Enter');
  await id('site-drawer').waitFor();
  check((await id('site-drawer').getAttribute('data-site')) === 'J05', 'a signal is found by keyboard');
  await id('manual-open').click();
  await id('manual-consequences').waitFor();
  await accessible(page, 'manual control');
  await shot(page, 'desk-2-manual');
  await id('manual-lease').fill('45');
  await id('manual-do').click();
  await id('manual-held').waitFor({ timeout: 5000 });
  const first = await id('manual-held').locator('.num').textContent();
  await page.waitForFunction(
    (before) => document.querySelector('[data-testid=manual-held] .num')?.textContent !== before,
    first,
  );
  check(true, `the lease counts down (${first.trim()})`);
  await id('manual-release').click();
  await id('manual-held').waitFor({ state: 'detached', timeout: 5000 });
  check(true, 'the signal is given back');

  await id('open-settings').click();
  await accessible(page, 'the settings');
  await id('theme-light').click();
  await page.keyboard.press('Escape');
  await page.waitForFunction(() => document.documentElement.dataset.theme === 'light');
  await page.waitForTimeout(1500);
  await shot(page, 'desk-3-light');
  await accessible(page, 'the desk in the light theme');
  await id('open-settings').click();
  await id('theme-dark').click();
  await page.keyboard.press('Escape');
  await page.keyboard.press('F1');
  await id('help-panel').waitFor();
  await accessible(page, 'the help');
  await page.keyboard.press('Escape');

  await id('view-plans').click();
  await id('plan-row').first().waitFor();
  check((await id('plan-row').count()) > 50, 'every signal has its plan listed');
  await id('wave-start').first().click();
  await id('wave-runs').first().waitFor();
  const left = await id('wave-runs').first().textContent();
  check(left.includes('60'), `one key starts the wave of an arterial (${left})`);
  await id('wave-end').first().click();
  await id('wave-start').first().waitFor();
  check((await id('wave-runs').count()) === 0, 'and one ends it');
  await accessible(page, 'the plans in force');
  await shot(page, 'desk-4-plans');
  await id('view-desk').click();
}

/** Guard duty: one begins it, another releases it, nobody else sees it. */
async function guardDuty(zhou, wang) {
  const one = (name) => zhou.getByTestId(name);
  const two = (name) => wang.getByTestId(name);
  await zhou.keyboard.press('F7');
  await one('guard-vehicle').selectOption('police-1');
  await one('guard-place').selectOption('H2');
  await one('guard-begin').click();
  await one('consequences').waitFor({ timeout: 8000 });
  check((await one('consequences').locator('li').count()) >= 3, 'guard duty says what follows');
  check(await one('act-waits').isVisible(), 'one person cannot release it');
  await accessible(zhou, 'an act in two steps');
  await shot(zhou, 'desk-5-guard-duty');

  await wang.keyboard.press('F7');
  await two('take-act').waitFor({ timeout: 8000 });
  await accessible(wang, 'the acts that wait');
  await two('take-act').click();
  await two('act-password').fill(password);
  await two('act-finish').click();
  await two('act-done').waitFor({ timeout: 8000 });
  await wang.keyboard.press('Escape');
  await zhou.keyboard.press('Escape');
  await two('corridor').waitFor({ timeout: 8000 });
  check(true, 'a second person released it');
  await shot(wang, 'desk-6-released');
  await wang.keyboard.press('F2');
  await two('mission').first().waitFor();
  await accessible(wang, 'the list of missions');
  const listed = await two('mission').first().textContent();
  check(/confidential|保密/.test(listed), 'the list says that it is confidential');
  await two('mission-open').first().click();
  await two('cancel').click();
  await wang.locator('[data-testid=corridor][data-state=cancelled]').waitFor({ timeout: 8000 });
  check(true, 'it is ended');
}

/** The auditor's day: look, filter, verify, take a copy. */
async function auditor(page, locale) {
  const id = (name) => page.getByTestId(name);
  check((await id('key').count()) === 0, `${locale}: an auditor has no key`);
  await id('view-audit').click();
  await id('audit-row').first().waitFor();
  await accessible(page, `${locale}: the audit`);
  await id('audit-who').fill('wang');
  await id('audit-load').click();
  await page.waitForFunction(() => {
    const rows = [...document.querySelectorAll('[data-testid=audit-row] td:nth-child(3)')];
    return rows.length > 0 && rows.every((cell) => cell.textContent === 'wang');
  });
  const body = await page.locator('tbody').textContent();
  check(body.includes('guard duty of police-1'), `${locale}: the guard duty is in the audit`);
  check(!body.includes('H2'), `${locale}: where to is not`);
  await id('audit-verify').click();
  await id('audit-result').waitFor({ timeout: 10_000 });
  check((await id('audit-result').getAttribute('data-good')) === 'true', `${locale}: ${(await id('audit-result').textContent()).trim()}`);
  await shot(page, `auditor-${locale}`);
  const download = page.waitForEvent('download');
  await id('audit-export').click();
  check((await download).suggestedFilename() === 'audit.jsonl', `${locale}: a copy is taken`);
  await id('view-plans').click();
  await id('plan-row').first().waitFor();
}

/** The admin's: a person, a token, the own password. */
async function admin(page) {
  const id = (name) => page.getByTestId(name);
  await id('accounts').waitFor();
  await accessible(page, 'the accounts');
  await id('new-name').fill('chen');
  await id('new-agency').fill('ems');
  await id('add-person').click();
  await id('consequences').waitFor();
  await id('act-password').fill(password);
  // A code works once: the one of the sign-in is used up, the next step's is taken too.
  await id('act-code').fill(code(people.li, 1));
  await id('act-finish').click();
  await id('act-secret').waitFor({ timeout: 8000 });
  await shot(page, 'admin-1-added');
  await page.keyboard.press('Escape');
  await page.locator('[data-testid=person][data-name=chen]').waitFor({ timeout: 8000 });
  check(true, 'a person was entered');
  check((await id('view-desk').count()) === 0, 'an admin has no signals');
  return page;
}

/** Everybody's own account. */
async function ownAccount(page) {
  const id = (name) => page.getByTestId(name);
  await id('open-account').click();
  await accessible(page, 'the own account');
  await id('old-password').fill(password);
  await id('next-password').fill(`${password} 2`);
  await id('next-again').fill(`${password} 2`);
  await id('change-password').click();
  await page.waitForFunction(
    () => document.querySelector('[data-testid=account-told]')?.textContent?.trim() !== '',
  );
  check(true, 'a password is changed');
  await page.keyboard.press('Escape');
}

await tell(async () => {
  const door = await open('en');
  await door.goto(base);
  await door.getByTestId('name').waitFor();
  await accessible(door, 'the door');
  const zhou = await enter('zhou', 'en');
  await dispatcher(zhou);
  const wang = await enter('wang', 'zh-CN');
  await guardDuty(zhou, wang);
  for (const locale of ['zh-CN', 'en']) {
    const sun = await enter('sun', locale);
    await auditor(sun, locale);
    await strict(sun);
  }
  const li = await enter('li', 'zh-CN');
  await admin(li);
  await ownAccount(wang);
  for (const page of [zhou, wang, li]) await strict(page);
});
