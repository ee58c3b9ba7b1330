// What the browser tests share: a Chromium, pages that note every script error and policy
// violation, checks, pictures, axe-core, codes of the second factor.
// playwright-core and axe-core come from the console's own npm project.

import { createHmac } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const load = createRequire(join(here, '../../src/shell/console/web/package.json'));
const { chromium } = load('playwright-core');
const axeSource = readFileSync(load.resolve('axe-core/axe.min.js'), 'utf8');

const artefacts = process.env.GREENWAVE_ARTEFACTS ?? join(here, '../artefacts');
mkdirSync(artefacts, { recursive: true });

const faults = [];
/** Notes whether something is as it should be. */
export const check = (fine, what) => {
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
let last;

/** A page of its own session, in a language. */
export async function open(locale = 'zh-CN', size = { width: 1366, height: 768 }) {
  const context = await browser.newContext({ viewport: size, locale });
  await context.addInitScript(() => {
    globalThis.cspViolations = [];
    document.addEventListener('securitypolicyviolation', (event) => {
      globalThis.cspViolations.push(`${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  const page = await context.newPage();
  page.on('pageerror', (error) => faults.push(`script error: ${error.message}`));
  page.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) faults.push(message.text());
  });
  last = page;
  return page;
}

export const shot = (page, name, more = {}) =>
  page.screenshot({ path: join(artefacts, `console-${name}.png`), ...more });

/** No serious or critical fault of accessibility on what is shown now. */
export async function accessible(page, what) {
  // A colour that is still changing is judged wrongly.
  await page.evaluate(() => Promise.all(document.getAnimations().map((one) => one.finished)));
  await page.evaluate(axeSource);
  const found = await page.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document, {
      resultTypes: ['violations'],
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'],
    });
    return violations
      .filter((one) => ['serious', 'critical'].includes(one.impact))
      .map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(' ')).slice(0, 4).join(' | ')}`);
  });
  check(found.length === 0, `axe: ${what}${found.length ? ` has ${found.join('; ')}` : ''}`);
}

/** Nothing was blocked by the policy on this page. */
export async function strict(page) {
  const violations = await page.evaluate(() => globalThis.cspViolations);
  check(violations.length === 0, `no policy violation (${violations.join('; ')})`);
}

/** The code that an authenticator program shows for a secret in base 32 (RFC 6238). */
export function code(secret, steps = 0) {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  let bits = '';
  for (const letter of secret) bits += letters.indexOf(letter).toString(2).padStart(5, '0');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const mac = createHmac('sha1', key).update(counter).digest();
  const at = mac[19] & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

/** Signs somebody in at the door. */
export async function signIn(page, base, name, password, secret) {
  await page.goto(base);
  const id = (test) => page.getByTestId(test);
  await id('name').fill(name);
  await id('password').fill(password);
  await id('sign-in').click();
  if (secret) {
    await id('code').fill(code(secret));
    await id('sign-in').click();
  }
  await id('open-account').waitFor({ timeout: 15_000 });
}

/** Runs the story; ends the program with what came of it. */
export async function tell(story) {
  try {
    await story();
  } catch (error) {
    faults.push(String(error));
    await last?.screenshot({ path: join(artefacts, 'console-failed.png') }).catch(() => {});
  } finally {
    await browser.close();
  }
  for (const fault of faults) console.error(`fault: ${fault}`);
  process.exit(faults.length === 0 ? 0 : 1);
}
