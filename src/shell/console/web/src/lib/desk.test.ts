import { describe, expect, it } from 'vitest';
import { sorted, unseen } from './alarms';
import { clashes, columnOf, listed, remember, warningsOf } from './missions';
import { cameraLink, coordinates, search } from './search';
import type { Alarm, City, Corridor, Crossing } from './wire';

const crossing = (id: string, change: Partial<Crossing> = {}): Crossing => ({
  id,
  order: 1,
  approach: 'N',
  movement: 'through',
  state: 'pending',
  eta_s: 20,
  eta_err_s: 2,
  green_at_ms: null,
  hold_until_ms: null,
  confirmed_by: null,
  late: false,
  late_by_s: 0,
  eta_p10_s: 18,
  refused_by: null,
  wait_s: 0,
  fault: null,
  ...change,
});
const corridor = (id: number, change: Partial<Corridor> = {}): Corridor =>
  ({
    corridor_id: id,
    state: 'active',
    asked_priority: null,
    vehicle: null,
    intersections: [],
    warnings: [],
    line: [[1, 2]],
    ...change,
  }) as unknown as Corridor;
const at = (eta_s: number, on_route = true): Corridor['vehicle'] => ({
  at: [0, 0],
  speed_mps: 10,
  age_ms: 0,
  next: null,
  eta_s,
  eta_p10_s: eta_s,
  eta_p90_s: eta_s,
  on_route,
});

describe('the mission list', () => {
  it('puts what waits for a person first and the nearest arrival before others', () => {
    const all = [
      corridor(1, { vehicle: at(90) }),
      corridor(2, { vehicle: at(30) }),
      corridor(3, { state: 'staging', asked_priority: 1 }),
      corridor(4, { state: 'staging' }),
      corridor(5, { state: 'cancelled', asked_priority: 1 }),
      corridor(6, { state: 'completed' }),
    ];
    const seen = listed(all).map(({ column, missions }) => [column, missions.map((m) => m.corridor_id)]);
    expect(seen).toEqual([
      ['waiting', [3]],
      ['incoming', [4]],
      ['running', [2, 1]],
      ['done', [6, 5]],
    ]);
    expect(columnOf(corridor(1, { asked_priority: 2 }))).toBe('waiting');
  });
  it('remembers what is over, once, and forgets the oldest', () => {
    const over = corridor(7, { state: 'completed' });
    const first = remember([], [over, corridor(8)]);
    expect(first.map((one) => one.corridor_id)).toEqual([7]);
    expect(first[0]?.line).toEqual([]);
    expect(remember(first, [over])).toBe(first);
    const many = Array.from({ length: 60 }, (_, id) => corridor(id + 10, { state: 'failed' }));
    expect(remember(first, many)).toHaveLength(40);
  });
});

describe('crossing missions', () => {
  const loser = corridor(2, {
    intersections: [
      crossing('J1', { refused_by: 1, wait_s: 12, state: 'refused_by_guard' }),
      crossing('J2', { refused_by: 1, wait_s: 5, state: 'passed' }),
      crossing('J3', { late: true, late_by_s: 4 }),
    ],
  });
  it('say who goes first where, and no more once it is passed', () => {
    expect(clashes([corridor(1), loser])).toEqual([{ site: 'J1', first: 1, second: 2, wait_s: 12 }]);
    expect(clashes([{ ...loser, state: 'cancelled' }])).toEqual([]);
  });
  it('warn of red, of late greens and of a lost way, each under a key that stays', () => {
    const lost = corridor(3, { vehicle: at(10, false) });
    const found = warningsOf([loser, lost]);
    expect(found.map((one) => [one.key, one.seconds])).toEqual([
      ['2/expect-red/J1', 12],
      ['2/late/J3', 4],
      ['3/off-route', 0],
    ]);
  });
});

describe('alarms', () => {
  it('come serious first, unseen first, newest first', () => {
    const alarm = (code: string, serious: boolean, since: string, seen: boolean): Alarm => ({
      code,
      serious,
      since,
      text: { zh: '', en: '' },
      site: null,
      acknowledged: seen ? { by: 'zhou', at: since } : null,
    });
    const all = [
      alarm('a', false, '1', false),
      alarm('b', true, '1', true),
      alarm('c', true, '2', false),
      alarm('d', true, '3', false),
    ];
    expect(sorted(all).map((one) => one.code)).toEqual(['d', 'c', 'b', 'a']);
    expect(unseen(all)).toHaveLength(3);
  });
});

describe('search', () => {
  const city = {
    places: [{ id: 'H1', kind: 'hospital', names: { zh: '中心医院', en: 'Central' }, at: [1, 1] }],
    sites: [{ id: 'J1', names: { zh: '路口', en: 'Central / High' }, at: [2, 2] }],
    roads: [{ id: 'R1', names: { zh: '兴安路', en: 'Xingan' }, line: [[0, 0], [3, 3]] }],
  } as unknown as City;
  it('finds signals, places and streets in both languages', () => {
    expect(search(city, 'central').map((hit) => hit.id)).toEqual(['H1', 'J1']);
    expect(search(city, 'j1')[0]?.kind).toBe('site');
    expect(search(city, '兴安')[0]?.at).toEqual([3, 3]);
    expect(search(city, '  ')).toEqual([]);
  });
  it('reads coordinates in either order', () => {
    expect(coordinates('32.69, 109.02')).toEqual([109.02, 32.69]);
    expect(coordinates('109.02 32.69')).toEqual([109.02, 32.69]);
    expect(coordinates('32.69')).toBeNull();
    expect(coordinates('200, 300')).toBeNull();
    expect(search(city, '32.6，109.0')[0]?.kind).toBe('point');
  });
  it('links to cameras only by schemes that show pictures', () => {
    expect(cameraLink('rtsp://cam/1')).toBe('rtsp://cam/1');
    expect(cameraLink('javascript:alert(1)')).toBeNull();
    expect(cameraLink(null)).toBeNull();
  });
});
