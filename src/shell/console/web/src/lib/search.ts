// Search on the map: signals, places, streets, coordinates. No DOM.

import type { City, Names, Position } from './wire';

export interface Hit {
  kind: 'site' | 'place' | 'road' | 'point';
  id: string;
  names: Names;
  at: Position;
}

const HITS_MAX = 12;

/** What fits the words, exact ids first. */
export function search(city: City, words: string): Hit[] {
  const text = words.trim().toLowerCase();
  if (!text) return [];
  const point = coordinates(text);
  const fits = (id: string, names: Names): boolean =>
    id.toLowerCase().includes(text) ||
    names.zh.toLowerCase().includes(text) ||
    names.en.toLowerCase().includes(text);
  const hits: Hit[] = [];
  for (const one of city.places) {
    if (fits(one.id, one.names)) hits.push({ kind: 'place', ...pickOf(one) });
  }
  for (const one of city.sites) {
    if (fits(one.id, one.names)) hits.push({ kind: 'site', ...pickOf(one) });
  }
  const seen = new Set<string>();
  for (const road of city.roads) {
    const at = road.line[Math.floor(road.line.length / 2)];
    if (!at || !road.names.zh || seen.has(road.names.zh) || !fits('', road.names)) continue;
    seen.add(road.names.zh);
    hits.push({ kind: 'road', id: road.id, names: road.names, at });
  }
  const exact = (hit: Hit): number => (hit.id.toLowerCase() === text ? 0 : 1);
  hits.sort((a, b) => exact(a) - exact(b));
  if (point) hits.unshift({ kind: 'point', id: '', names: { zh: words, en: words }, at: point });
  return hits.slice(0, HITS_MAX);
}

const pickOf = (one: { id: string; names: Names; at: Position }): Omit<Hit, 'kind'> => ({
  id: one.id,
  names: one.names,
  at: one.at,
});

/** `32.69, 109.02` or the other way round: the larger number is the longitude if it has to be. */
export function coordinates(text: string): Position | null {
  const found = /^(-?\d+(?:\.\d+)?)\s*[,，\s]\s*(-?\d+(?:\.\d+)?)$/.exec(text.trim());
  if (!found) return null;
  const [a, b] = [Number(found[1]), Number(found[2])];
  if (Math.abs(a) <= 90 && Math.abs(b) <= 180) return [b, a];
  if (Math.abs(b) <= 90 && Math.abs(a) <= 180) return [a, b];
  return null;
}

/** A link to a camera that a page may show: only what a browser or a player opens. */
export function cameraLink(url: string | null): string | null {
  return url !== null && /^(https|http|rtsp):\/\//.test(url) ? url : null;
}
