// The mission list, and what crossing missions mean to each other. No DOM, no clock.

import type { Corridor } from './wire';

export type Column = 'incoming' | 'waiting' | 'running' | 'done';
export const COLUMNS: readonly Column[] = ['waiting', 'incoming', 'running', 'done'];

const OVER = ['completed', 'cancelled', 'expired', 'failed'];
const DONE_MAX = 40;

/** Where a mission stands in the list. */
export function columnOf(corridor: Corridor): Column {
  if (OVER.includes(corridor.state)) return 'done';
  if (corridor.asked_priority !== null) return 'waiting';
  if (['requested', 'confirmed', 'staging'].includes(corridor.state)) return 'incoming';
  return 'running';
}

/** The list: what waits for a person first; within a column the nearest arrival first. */
export function listed(corridors: Corridor[]): { column: Column; missions: Corridor[] }[] {
  const eta = (one: Corridor): number => one.vehicle?.eta_s ?? Number.POSITIVE_INFINITY;
  const columns = COLUMNS.map((column) => {
    const missions = corridors.filter((one) => columnOf(one) === column);
    if (column === 'done') missions.sort((a, b) => b.corridor_id - a.corridor_id);
    else missions.sort((a, b) => eta(a) - eta(b) || a.corridor_id - b.corridor_id);
    return { column, missions };
  });
  return columns.filter((one) => one.missions.length > 0);
}

/** The missions that are over, with those of this picture added; the oldest are forgotten. */
export function remember(done: Corridor[], corridors: Corridor[]): Corridor[] {
  const over = corridors.filter((one) => OVER.includes(one.state));
  const known = new Set(done.map((one) => one.corridor_id));
  const fresh = over.filter((one) => !known.has(one.corridor_id));
  if (fresh.length === 0) return done;
  // Names and numbers are enough for the list: the way is left out.
  const kept = fresh.map((one) => ({ ...one, line: [], warnings: [] }));
  return [...done, ...kept].slice(-DONE_MAX);
}

/** One signal where two missions cross: who goes first, who waits, and how long. */
export interface Clash {
  site: string;
  first: number;
  second: number;
  wait_s: number;
}

/** Every signal where one mission waits for another. */
export function clashes(corridors: Corridor[]): Clash[] {
  const found: Clash[] = [];
  for (const one of corridors) {
    if (columnOf(one) === 'done') continue;
    for (const crossing of one.intersections) {
      if (crossing.refused_by === null || crossing.state === 'passed') continue;
      const second = one.corridor_id;
      found.push({ site: crossing.id, first: crossing.refused_by, second, wait_s: crossing.wait_s });
    }
  }
  return found;
}

/** A warning that has to be heard at once. */
export interface Warning {
  key: string;
  corridor: number;
  code: 'late' | 'expect-red' | 'off-route';
  site: string;
  seconds: number;
  first: number;
}

/** What the crews of the running missions have to be told, the nearest signal first. */
export function warningsOf(corridors: Corridor[]): Warning[] {
  const found: Warning[] = [];
  for (const one of corridors) {
    if (columnOf(one) === 'done') continue;
    const corridor = one.corridor_id;
    if (one.vehicle && !one.vehicle.on_route) {
      const key = `${corridor}/off-route`;
      found.push({ key, corridor, code: 'off-route', site: '', seconds: 0, first: 0 });
    }
    for (const crossing of one.intersections) {
      if (['passed', 'released', 'recovering'].includes(crossing.state)) continue;
      const site = crossing.id;
      if (crossing.refused_by !== null) {
        const [seconds, first] = [crossing.wait_s, crossing.refused_by];
        const key = `${corridor}/expect-red/${site}`;
        found.push({ key, corridor, code: 'expect-red', site, seconds, first });
      } else if (crossing.late) {
        const key = `${corridor}/late/${site}`;
        const seconds = crossing.late_by_s;
        found.push({ key, corridor, code: 'late', site, seconds, first: 0 });
      }
    }
  }
  return found;
}
