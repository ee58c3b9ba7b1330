// How one signal is drawn: a function on a canvas that reads the picture, nothing kept.

import { isGo, isStale, lampOf, waitShare, type Picture } from '../lib/state';
import { onScreen } from '../lib/projection';
import type { CrossingState, Lamp, SiteBuilt } from '../lib/wire';

export const COLOURS = {
  green: '#2ee58f',
  amber: '#ffc53d',
  red: '#ff4d4f',
  dark: '#2a3440',
  unknown: '#6b7785',
  nonsense: '#d25bff',
  corridor: '#37d6ff',
  manual: '#b58cff',
  queue: '#ff9f43',
  body: '#0d151d',
  rim: '#46586a',
} as const;

/** The colour of a lamp at `now`; flashing lamps blink once a second. */
export function lampColour(lamp: Lamp, now: number): string {
  const lit = now % 1000 < 500;
  switch (lamp) {
    case 'green':
      return COLOURS.green;
    case 'amber':
    case 'red-amber':
      return COLOURS.amber;
    case 'red':
      return COLOURS.red;
    case 'flashing-green':
      return lit ? COLOURS.green : COLOURS.dark;
    case 'flashing-amber':
      return lit ? COLOURS.amber : COLOURS.dark;
    case 'flashing-red':
      return lit ? COLOURS.red : COLOURS.dark;
    case 'dark':
      return COLOURS.dark;
    case 'nonsense':
      return COLOURS.nonsense;
    case 'unknown':
      return COLOURS.unknown;
  }
}

export interface Scene {
  picture: Picture | null;
  now: number;
  /** Ground metres per CSS pixel. */
  resolution: number;
  chosen: string;
  /** State of each site in the corridor looked at. */
  crossings: Map<string, CrossingState>;
}

interface Pen {
  ctx: CanvasRenderingContext2D;
  x: number;
  y: number;
  /** Device pixels per CSS pixel. */
  ratio: number;
}

/** Draws the site at `at` of the city around a point of the canvas. */
export function paintSite(pen: Pen, site: SiteBuilt, at: number, scene: Scene): void {
  const { ctx, ratio } = pen;
  // Ground size where there is room for it, a readable dot where there is not.
  const natural = (site.crossing ? 9 : 15) / scene.resolution;
  const radius = Math.max(site.crossing ? 5.5 : 10.5, Math.min(site.crossing ? 16 : 30, natural));
  ctx.save();
  ctx.translate(pen.x, pen.y);
  ctx.scale(ratio, ratio);
  halo(ctx, site, at, radius, scene);
  queues(ctx, site, at, radius, scene);
  body(ctx, radius);
  arms(ctx, site, at, radius, scene);
  waiting(ctx, at, radius, scene);
  marks(ctx, at, radius, scene);
  ctx.restore();
}

function body(ctx: CanvasRenderingContext2D, radius: number): void {
  ctx.beginPath();
  ctx.arc(0, 0, radius, 0, Math.PI * 2);
  ctx.fillStyle = COLOURS.body;
  ctx.fill();
  ctx.lineWidth = 1;
  ctx.strokeStyle = COLOURS.rim;
  ctx.stroke();
}

function halo(
  ctx: CanvasRenderingContext2D,
  site: SiteBuilt,
  at: number,
  radius: number,
  scene: Scene,
): void {
  const state = scene.crossings.get(site.id);
  if (site.id === scene.chosen) {
    ctx.beginPath();
    ctx.arc(0, 0, radius + 9, 0, Math.PI * 2);
    ctx.lineWidth = 1.5;
    ctx.strokeStyle = '#e8f1f8';
    ctx.stroke();
  }
  if (state === undefined || state === 'released') return;
  // A green ring is a claim about lamps: only on a young read-back.
  const held =
    state === 'green_held' && scene.picture !== null && !isStale(scene.picture, at, scene.now);
  const waiting = state === 'pending' || state === 'passed' || state === 'recovering';
  const trouble = state === 'unavailable' || state === 'refused_by_guard';
  ctx.beginPath();
  ctx.arc(0, 0, radius + 4.5, 0, Math.PI * 2);
  ctx.lineWidth = held ? 3.5 : 2;
  ctx.globalAlpha = waiting ? 0.5 : 1;
  ctx.setLineDash(state === 'requested' || state === 'clearing' ? [4, 3] : []);
  ctx.strokeStyle = trouble
    ? COLOURS.red
    : state === 'local_control'
      ? COLOURS.manual
      : held
        ? COLOURS.green
        : COLOURS.corridor;
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.globalAlpha = 1;
}

function queues(
  ctx: CanvasRenderingContext2D,
  site: SiteBuilt,
  at: number,
  radius: number,
  scene: Scene,
): void {
  const { picture } = scene;
  if (!picture || isStale(picture, at, scene.now)) return;
  ctx.lineCap = 'butt';
  ctx.strokeStyle = COLOURS.queue;
  ctx.lineWidth = Math.max(2, Math.min(6, 4 / scene.resolution));
  ctx.globalAlpha = 0.8;
  for (const queue of picture.sites[at]?.queues ?? []) {
    const approach = site.approaches[queue.approach];
    const length = queue.length_m / scene.resolution;
    if (!approach || queue.vehicles < 2 || length < 2) continue;
    const [dx, dy] = onScreen(approach.bearing_deg);
    // Traffic keeps to the right: seen from the junction, the queue stands on its left side.
    const [sx, sy] = [dy * radius * 0.28, -dx * radius * 0.28];
    ctx.beginPath();
    ctx.moveTo(dx * radius + sx, dy * radius + sy);
    ctx.lineTo(dx * (radius + length) + sx, dy * (radius + length) + sy);
    ctx.stroke();
  }
  ctx.globalAlpha = 1;
}

function arms(
  ctx: CanvasRenderingContext2D,
  site: SiteBuilt,
  at: number,
  radius: number,
  scene: Scene,
): void {
  const lamp = (group: number): Lamp =>
    scene.picture ? lampOf(scene.picture, at, group, scene.now) : 'unknown';
  ctx.lineCap = 'round';
  for (const approach of site.approaches) {
    const [dx, dy] = onScreen(approach.bearing_deg);
    const [px, py] = [-dy, dx];
    const shown = radius >= 13 ? approach.groups : approach.groups.slice(0, 1);
    shown.forEach((group, order) => {
      const side = (order - (shown.length - 1) / 2) * radius * -0.3;
      const inner = radius * (shown.length > 1 ? 0.42 : 0.3);
      ctx.beginPath();
      ctx.moveTo(dx * inner + px * side, dy * inner + py * side);
      ctx.lineTo(dx * radius * 0.8 + px * side, dy * radius * 0.8 + py * side);
      ctx.lineWidth = Math.max(2.2, radius * (shown.length > 1 ? 0.2 : 0.3));
      ctx.strokeStyle = lampColour(lamp(group), scene.now);
      ctx.stroke();
    });
    for (const walk of approach.walks) {
      const wide = radius * 0.5;
      const out = radius + (radius >= 13 ? 3 : 2);
      ctx.beginPath();
      ctx.moveTo(dx * out + px * wide, dy * out + py * wide);
      ctx.lineTo(dx * out - px * wide, dy * out - py * wide);
      ctx.lineWidth = Math.max(1.4, radius * 0.13);
      ctx.strokeStyle = lampColour(lamp(walk), scene.now);
      if (isGo(lamp(walk)) || radius >= 7) ctx.stroke();
    }
  }
}

function waiting(
  ctx: CanvasRenderingContext2D,
  at: number,
  radius: number,
  scene: Scene,
): void {
  const site = scene.picture?.sites[at];
  if (!site || !scene.picture || isStale(scene.picture, at, scene.now)) return;
  const share = waitShare(site);
  if (share < 0.25) return;
  ctx.beginPath();
  const end = -Math.PI / 2 + Math.min(1, share) * Math.PI * 2;
  ctx.arc(0, 0, radius + 7.5, -Math.PI / 2, end);
  ctx.lineWidth = 2;
  ctx.lineCap = 'butt';
  ctx.strokeStyle = share > 0.85 ? COLOURS.red : share > 0.6 ? COLOURS.amber : '#9fb3c8';
  ctx.stroke();
}

function marks(ctx: CanvasRenderingContext2D, at: number, radius: number, scene: Scene): void {
  const { picture } = scene;
  const site = picture?.sites[at];
  if (!picture || !site) return;
  const mark =
    isStale(picture, at, scene.now) || site.faults.length > 0 || site.cabinet === 'monitor-fault'
      ? ['!', COLOURS.red]
      : site.manual || site.cabinet === 'local-manual'
        ? ['M', COLOURS.manual]
        : null;
  if (!mark) return;
  const [text, colour] = mark as [string, string];
  ctx.beginPath();
  ctx.arc(radius * 0.85, -radius * 0.85, 6, 0, Math.PI * 2);
  ctx.fillStyle = colour;
  ctx.fill();
  ctx.fillStyle = '#10171e';
  ctx.font = 'bold 9px sans-serif';
  ctx.textAlign = 'center';
  ctx.textBaseline = 'middle';
  ctx.fillText(text, radius * 0.85, -radius * 0.85 + 0.5);
}

/** Draws an emergency vehicle. */
export function paintVehicle(pen: Pen, heading_deg: number, now: number, busy: boolean): void {
  const { ctx, ratio } = pen;
  ctx.save();
  ctx.translate(pen.x, pen.y);
  ctx.scale(ratio, ratio);
  if (busy) {
    const beat = (now % 900) / 900;
    const colour = now % 900 < 450 ? '255,77,79' : '64,156,255';
    ctx.beginPath();
    ctx.arc(0, 0, 10 + beat * 14, 0, Math.PI * 2);
    ctx.strokeStyle = `rgba(${colour},${(1 - beat).toFixed(2)})`;
    ctx.lineWidth = 3;
    ctx.stroke();
  }
  ctx.rotate((heading_deg * Math.PI) / 180);
  ctx.beginPath();
  ctx.moveTo(0, -11);
  ctx.lineTo(7.5, 8);
  ctx.lineTo(0, 4.5);
  ctx.lineTo(-7.5, 8);
  ctx.closePath();
  ctx.fillStyle = busy ? '#ffffff' : '#9fb3c8';
  ctx.fill();
  ctx.lineWidth = 2;
  ctx.strokeStyle = busy ? '#e5383b' : '#41525f';
  ctx.stroke();
  ctx.restore();
}
