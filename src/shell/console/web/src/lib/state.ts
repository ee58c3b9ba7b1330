// The picture the console holds, and how frames change it. No DOM, no clock of its own.

import type { Corridor, Frame, Lamp, Site, Snapshot, VehicleLive } from './wire';

/** Older than this is grey: what the lamps show now is not known. */
export const STALE_MS = 3000;

export interface Picture extends Omit<Snapshot, 'type'> {
  /** When the frame came in, on the page's own monotonic clock. */
  receivedAt: number;
}

/** The picture after `frame`; null if the frame does not follow and the page must reconnect. */
export function applyFrame(picture: Picture | null, frame: Frame, now: number): Picture | null {
  if (frame.type === 'snapshot') {
    const { type: _, ...rest } = frame;
    return { ...rest, receivedAt: now };
  }
  if (picture === null || picture.seq !== frame.base) return null;
  const sites = picture.sites.slice();
  for (const change of frame.sites) {
    if (change.at < 0 || change.at >= sites.length) return null;
    sites[change.at] = change.site;
  }
  return {
    seq: frame.seq,
    at_unix_ms: frame.at_unix_ms,
    civil: frame.civil,
    status: frame.status ?? picture.status,
    sites,
    ages_ms: frame.ages_ms,
    vehicles: frame.vehicles,
    corridors: frame.corridors ?? picture.corridors,
    receivedAt: now,
  };
}

/** Age of a site's reading at `now`, milliseconds; null if it was never read. */
export function ageOf(picture: Picture, at: number, now: number): number | null {
  const age = picture.ages_ms[at];
  return age === null || age === undefined ? null : age + Math.max(0, now - picture.receivedAt);
}

/** True if the lamps of a site are not known at `now`. */
export function isStale(picture: Picture, at: number, now: number): boolean {
  const age = ageOf(picture, at, now);
  return age === null || age > STALE_MS || picture.sites[at]?.cabinet === 'silent';
}

/** A lamp as it may be shown: unknown if the reading is stale. */
export function lampOf(picture: Picture, at: number, group: number, now: number): Lamp {
  if (isStale(picture, at, now)) return 'unknown';
  return picture.sites[at]?.lamps[group] ?? 'unknown';
}

/** Green for those who look at it: steady or flashing, and read back. */
export function isGo(lamp: Lamp): boolean {
  return lamp === 'green' || lamp === 'flashing-green';
}

/** True while a corridor is neither over nor returning to the plans. */
export function isRunning(corridor: Corridor): boolean {
  return !['completed', 'cancelled', 'expired', 'failed'].includes(corridor.state);
}

/** The longest wait of a site as a share of its bound, 0 to 1 and above. */
export function waitShare(site: Site): number {
  let most = 0;
  for (const wait of site.waits) {
    if (wait.bound_s > 0) most = Math.max(most, wait.waited_s / wait.bound_s);
  }
  return most;
}

/** Trails of vehicles: the last positions, oldest first. */
export type Trails = Map<string, [number, number][]>;
const TRAIL_MAX = 150;

/** Adds the vehicles' positions to their trails. */
export function grow(trails: Trails, vehicles: VehicleLive[]): void {
  for (const vehicle of vehicles) {
    const trail = trails.get(vehicle.id) ?? [];
    const last = trail[trail.length - 1];
    if (!last || last[0] !== vehicle.at[0] || last[1] !== vehicle.at[1]) {
      trail.push(vehicle.at);
      if (trail.length > TRAIL_MAX) trail.shift();
    }
    trails.set(vehicle.id, trail);
  }
}
