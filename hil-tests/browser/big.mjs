// How fast the map of a big city is: 300 signals in a net of 30,000 roads. Prints the first paint and
// the time of a frame; asserts no wall time, only that everything is there, also on a wall of screens
// and after the connection was lost. Run: node hil-tests/browser/big.mjs SIGN_IN_LINK

import { accessible, check, open, shot, strict, tell } from './page.mjs';

const link = process.argv[2];
if (!link) {
  console.error('usage: big.mjs SIGN_IN_LINK');
  process.exit(2);
}

const middle = (all) => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0;
const ninth = (all) => [...all].sort((a, b) => a - b)[Math.floor(all.length * 0.9)] ?? 0;

await tell(async () => {
  const page = await open('en', { width: 1920, height: 1080 });
  await page.context().addInitScript(() => (globalThis.greenwaveFrames = []));
  await page.goto(link);
  await page.locator('[data-testid=connection][data-link=up]').waitFor({ timeout: 30_000 });
  await page.waitForFunction(() => performance.getEntriesByName('city-painted').length > 0, null, {
    timeout: 30_000,
  });
  const again = await page.context().newPage();
  await again.goto(new URL('/', link).href);
  const painted = () =>
    again.evaluate(() => performance.getEntriesByName('city-painted')[0]?.startTime ?? 0);
  await again.waitForFunction(() => performance.getEntriesByName('city-painted').length > 0, null, {
    timeout: 30_000,
  });
  const first = await painted();
  const city = await again.evaluate(async () => {
    const made = await (await fetch('/api/v1/city')).json();
    return { sites: made.sites.length, roads: made.roads.length };
  });
  check(city.sites === 300 && city.roads === 30_000, `${city.sites} signals, ${city.roads} roads`);
  await again.waitForTimeout(4000);
  const still = await again.evaluate(() => globalThis.greenwaveFrames.splice(0));
  // Zoomed in and dragged about, as a dispatcher does.
  const box = await again.getByTestId('map').boundingBox();
  await again.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  for (let step = 0; step < 4; step += 1) {
    await again.mouse.wheel(0, -240);
    await again.waitForTimeout(500);
  }
  await again.mouse.down();
  for (let step = 0; step < 20; step += 1) {
    await again.mouse.move(box.x + box.width / 2 + step * 12, box.y + box.height / 2 + step * 6);
    await again.waitForTimeout(30);
  }
  await again.mouse.up();
  await again.waitForTimeout(800);
  const moved = await again.evaluate(() => globalThis.greenwaveFrames.splice(0));
  const data = await again.evaluate(
    () => performance.getEntriesByType('resource').find((one) => one.name.endsWith('/api/v1/city'))?.duration ?? 0,
  );
  console.log(`figure first paint of the map ${Math.round(first)} ms, ${Math.round(data)} ms of it waiting for the city's data`);
  console.log(`figure frame, city at rest: p50 ${middle(still).toFixed(1)} ms, p90 ${ninth(still).toFixed(1)} ms of ${still.length}`);
  console.log(`figure frame, zoomed and dragged: p50 ${middle(moved).toFixed(1)} ms, p90 ${ninth(moved).toFixed(1)} ms of ${moved.length}`);
  check(first > 0 && still.length > 5 && moved.length > 5, 'the map is painted, frame after frame');
  await shot(again, 'big-1-city');

  // A wall of screens: the layout grows with it.
  const size = () => again.evaluate(() => parseFloat(getComputedStyle(document.documentElement).fontSize));
  const small = await size();
  await again.setViewportSize({ width: 3840, height: 1600 });
  await again.waitForTimeout(1500);
  check((await size()) > small, 'on a wall of screens everything is larger');
  check(await again.getByTestId('missions').isVisible(), 'and the list of missions stands beside the mission');
  await shot(again, 'big-2-wall');
  await again.setViewportSize({ width: 1366, height: 768 });
  await again.waitForTimeout(600);
  const wide = await again.evaluate(() => document.documentElement.scrollWidth);
  check(wide <= 1366, `nothing sticks out at 1366 pixels (${wide})`);

  // Lost and found again.
  await again.context().setOffline(true);
  await again.evaluate(() => undefined);
  await again.locator('[data-testid=connection][data-link=lost]').waitFor({ timeout: 15_000 });
  check(true, 'a lost connection is said');
  await again.context().setOffline(false);
  await again.locator('[data-testid=connection][data-link=up]').waitFor({ timeout: 15_000 });
  check(true, 'and it comes back by itself');
  await accessible(again, 'the map of a big city');
  await strict(again);
});
