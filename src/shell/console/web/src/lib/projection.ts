// Geometry on the ground and on the map. No DOM.

import type { Position } from './wire';

const EARTH_M = 6378137;

/** WGS-84 degrees to the map's web-Mercator metres. */
export function project(at: Position): Position {
  const lat = Math.max(-85, Math.min(85, at[1]));
  return [
    EARTH_M * ((at[0] * Math.PI) / 180),
    EARTH_M * Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360)),
  ];
}

/** The map's metres back to WGS-84 degrees. */
export function unproject(at: Position): Position {
  return [
    (at[0] / EARTH_M) * (180 / Math.PI),
    (Math.atan(Math.exp(at[1] / EARTH_M)) * 2 - Math.PI / 2) * (180 / Math.PI),
  ];
}

/** Map metres per metre on the ground at this latitude. */
export function stretch(lat: number): number {
  return 1 / Math.cos((lat * Math.PI) / 180);
}

/** Unit vector on the screen (y down) of a bearing clockwise from north. */
export function onScreen(bearing_deg: number): Position {
  const angle = (bearing_deg * Math.PI) / 180;
  return [Math.sin(angle), -Math.cos(angle)];
}

/** Smallest box around all positions: west, south, east, north. */
export function extentOf(lines: Position[][]): [number, number, number, number] | null {
  let box: [number, number, number, number] | null = null;
  for (const line of lines) {
    for (const [x, y] of line) {
      box = box
        ? [Math.min(box[0], x), Math.min(box[1], y), Math.max(box[2], x), Math.max(box[3], y)]
        : [x, y, x, y];
    }
  }
  return box;
}
