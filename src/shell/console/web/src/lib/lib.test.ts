import { describe, expect, it } from 'vitest';
import en from '../locales/en.json';
import zh from '../locales/zh-CN.json';
import { firstLang, pick, translate } from './i18n';
import { uuidV7 } from './ids';
import { extentOf, onScreen, project, unproject } from './projection';
import { corridorRequest, missionStage } from './request';
import { ageOf, applyFrame, grow, isStale, lampOf, waitShare, type Picture } from './state';
import { bars, clock } from './timeline';
import { bars as scoreBars, seconds } from './why';
import { decodeFrame, type City, type Delta, type Preview, type Site, type Snapshot } from './wire';

const site = (lamp: 'green' | 'red'): Site => ({
  cabinet: 'following',
  mode: 'normal',
  lamps: [lamp],
  stage: 'A',
  plan: 'peak',
  plan_since: null,
  winner: 'actuated',
  reason: { zh: '', en: '' },
  waits: [{ group: 0, waited_s: 45, bound_s: 90 }],
  wait_max_s: 45,
  queues: [],
  corridor: null,
  manual: null,
  faults: [],
});
const snapshot = (): Snapshot => ({
  type: 'snapshot',
  seq: 7,
  at_unix_ms: 0,
  civil: '',
  status: { ticks: 0, late_ticks: 0, scheduler: '', links: [], alarms: [] },
  sites: [site('red'), site('red')],
  ages_ms: [100, null],
  vehicles: [],
  corridors: [],
});
const delta = (base: number): Delta => ({
  type: 'delta',
  seq: base + 3,
  base,
  at_unix_ms: 200,
  civil: 'later',
  sites: [{ at: 1, site: site('green') }],
  ages_ms: [100, 100],
  vehicles: [],
});
const first = (): Picture => applyFrame(null, snapshot(), 1000) as Picture;

describe('why a signal does what it does', () => {
  it('puts the best stage first and measures the others against the worst', () => {
    const choice = {
      age_ms: 400,
      running: 'A',
      next: 'B',
      limit: null,
      source: 'loops' as const,
      source_age_ms: 100,
      vehicles: 7,
      scores: [
        { stage: 'A', vehicle_s: 200 },
        { stage: 'B', vehicle_s: 50 },
      ],
    };
    expect(scoreBars(choice)).toEqual([
      { stage: 'B', vehicle_s: 50, share: 0.25, best: true },
      { stage: 'A', vehicle_s: 200, share: 1, best: false },
    ]);
    expect(scoreBars({ ...choice, scores: [] })).toEqual([]);
    expect(seconds(choice.age_ms)).toBe('0.4');
  });
});

describe('languages', () => {
  it('have the same keys, and no empty sentence', () => {
    expect(Object.keys(en).sort()).toEqual(Object.keys(zh).sort());
    expect([...Object.values(en), ...Object.values(zh)].filter((one) => !one.trim())).toEqual([]);
  });
  it('fill in the same values', () => {
    const names = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort();
    for (const [key, text] of Object.entries(zh)) {
      expect(names(en[key as keyof typeof en]), key).toEqual(names(text));
    }
    expect(translate('en', 'site.age', { s: '1.5' })).toBe('1.5 s ago');
  });
  it('fall back to what there is', () => {
    expect(pick('en', { zh: '桥', en: '' })).toBe('桥');
    expect(firstLang(null, ['fr', 'zh-TW'])).toBe('zh-CN');
    expect(firstLang('en', ['zh-CN'])).toBe('en');
  });
});

describe('the live picture', () => {
  it('takes a delta that follows, and keeps what the delta leaves out', () => {
    const next = applyFrame(first(), delta(7), 1200);
    expect(next?.seq).toBe(10);
    expect(next?.sites[0]?.lamps).toEqual(['red']);
    expect(next?.sites[1]?.lamps).toEqual(['green']);
    expect(next?.status).toEqual(snapshot().status);
  });
  it('refuses a gap, an unknown site and a delta without a snapshot', () => {
    expect(applyFrame(first(), delta(8), 0)).toBeNull();
    expect(applyFrame(null, delta(7), 0)).toBeNull();
    const far = { ...delta(7), sites: [{ at: 2, site: site('green') }] };
    expect(applyFrame(first(), far, 0)).toBeNull();
  });
  it('goes grey after 3 s, on an unread site, and on a silent cabinet', () => {
    const picture = applyFrame(first(), delta(7), 1000) as Picture;
    expect(ageOf(picture, 1, 1500)).toBe(600);
    expect(lampOf(picture, 1, 0, 3800)).toBe('green');
    expect(lampOf(picture, 1, 0, 4000)).toBe('unknown');
    expect(isStale(first(), 1, 1000)).toBe(true);
    const silent = { ...site('green'), cabinet: 'silent' as const };
    expect(lampOf({ ...picture, sites: [silent] }, 0, 0, 1000)).toBe('unknown');
  });
  it('tells the wait as a share of its bound', () => {
    expect(waitShare(site('red'))).toBe(0.5);
  });
  it('grows a trail only while the vehicle moves', () => {
    const trails = new Map<string, [number, number][]>();
    const at = { id: 'a', heading_deg: 0, speed_mps: 0, age_ms: 0, corridor: null };
    grow(trails, [{ ...at, at: [1, 1] }]);
    grow(trails, [{ ...at, at: [1, 1] }]);
    grow(trails, [{ ...at, at: [2, 1] }]);
    expect(trails.get('a')).toEqual([
      [1, 1],
      [2, 1],
    ]);
  });
  it('decodes frames and nothing else', () => {
    expect(decodeFrame(JSON.stringify(snapshot()))?.seq).toBe(7);
    for (const bad of ['', 'null', '[]', '{"type":"delta"}', '{"type":"x","seq":1}']) {
      expect(decodeFrame(bad)).toBeNull();
    }
  });
});

describe('requests', () => {
  const random = new Uint8Array(26).fill(0xff);
  it('carry a UUID of version 7 that sorts by time', () => {
    const id = uuidV7(1_700_000_000_000, random);
    expect(id).toMatch(/^018bcfe5-6800-7fff-bfff-ffffffffffff$/);
    expect(uuidV7(1_700_000_000_001, new Uint8Array(10)) > id).toBe(true);
  });
  it('are the same for the same press', () => {
    const city = { classes: [{ class: 'ambulance', rank: 1, preempts: true }] } as unknown as City;
    const names = { zh: '一', en: 'one' };
    const session = { name: 'n', agency: 'a', source_system: 's', roles: [], csrf: '' };
    const vehicle = {
      id: 'v',
      call_sign: names,
      plate: '',
      terminal_id: '',
      class: 'ambulance' as const,
      length_m: 6,
      agency: 'a',
    };
    const goal = { place: { id: 'H1', kind: 'hospital', names, at: [0, 0] as [number, number] } };
    const press = { unix_ms: 1_700_000_000_000, random };
    const body = corridorRequest(city, session, vehicle, goal, press);
    expect(body).toEqual(corridorRequest(city, session, vehicle, goal, press));
    expect(body).toMatchObject({ stage: 'to_hospital', priority: 1, origin: 'live' });
    expect(body['nonce']).toMatch(/^f{32}$/);
    expect(missionStage('fire', goal)).toBe('to_scene');
  });
});

describe('geometry', () => {
  it('projects there and back', () => {
    const [lon, lat] = unproject(project([109.02, 32.69]));
    expect(lon).toBeCloseTo(109.02, 9);
    expect(lat).toBeCloseTo(32.69, 9);
    expect(project([180, 0])[0]).toBeCloseTo(20037508.34, 1);
  });
  it('turns bearings to the screen', () => {
    expect(onScreen(90)[0]).toBeCloseTo(1);
    expect(onScreen(0)[1]).toBeCloseTo(-1);
    expect(extentOf([])).toBeNull();
    expect(extentOf([[[1, 5], [3, 2]]])).toEqual([1, 2, 3, 5]);
  });
  it('draws time bars inside the drawing', () => {
    const one = { id: 'J1', eta_s: 20, latest_start_s: -3, flush_s: 6, unavailable: null };
    const two = { id: 'J2', eta_s: 80, latest_start_s: 50, flush_s: 0, unavailable: null };
    const drawn = bars([one, two] as Preview['intersections'], 300, 10);
    expect(drawn.span_s).toBe(90);
    expect(drawn.bars[0]?.clear.x).toBe(0);
    for (const bar of drawn.bars) expect(bar.clear.x + bar.clear.width).toBeLessThanOrEqual(300);
    expect(clock(125.4)).toBe('2:05');
  });
});
