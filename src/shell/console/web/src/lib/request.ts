// The body of a corridor request. No DOM, no clock.

import { nonce, uuidV7 } from './ids';
import type { City, Place, Position, Preview, Service, Session, Vehicle } from './wire';

/** Where to: a place, or a point on the map. */
export type Goal = { place: Place } | { at: Position };

const LIFE_MS = 30 * 60_000;

/** The destination as the API wants it. */
export function destination(goal: Goal): Record<string, unknown> {
  if ('place' in goal) return { facility_id: goal.place.id };
  return { lat: goal.at[1], lon: goal.at[0], datum: 'wgs84', name: 'map' };
}

/** What the vehicle is on its way to. */
export function missionStage(service: Service, goal: Goal): string {
  const hospital = 'place' in goal && goal.place.kind === 'hospital';
  return service === 'ambulance' && hospital ? 'to_hospital' : 'to_scene';
}

/** The priority of a class: its rank, 1 to 5. */
export function priority(city: City, service: Service): number {
  const rank = city.classes.find((one) => one.class === service)?.rank ?? 5;
  return Math.max(1, Math.min(5, rank));
}

/** A way as the API wants it prescribed: its signals in order. */
export function prescribed(way: Preview): Record<string, string>[] {
  return way.intersections
    .filter((one) => one.approach !== '' && one.movement !== '')
    .map((one) => ({ intersection: one.id, approach: one.approach, movement: one.movement }));
}

/** A corridor request; without a `way` the city routes. The same `random` gives the same id, so a second press is the same press. */
export function corridorRequest(
  city: City,
  session: Session,
  vehicle: Vehicle,
  goal: Goal,
  press: { unix_ms: number; random: Uint8Array },
  way: Preview | null = null,
): Record<string, unknown> {
  return {
    ...(way ? { route: prescribed(way) } : {}),
    request_id: uuidV7(press.unix_ms, press.random),
    issued_at: new Date(press.unix_ms).toISOString(),
    nonce: nonce(press.random.subarray(10)),
    agency: session.agency,
    source_system: session.source_system,
    operator_id: session.name,
    incident_id: `console-${Math.floor(press.unix_ms / 1000)}`,
    service: vehicle.class,
    stage: missionStage(vehicle.class, goal),
    priority: priority(city, vehicle.class),
    lights_siren: true,
    vehicle: {
      id: vehicle.id,
      plate: vehicle.plate || null,
      call_sign: vehicle.call_sign.zh || null,
      terminal_id: vehicle.terminal_id || null,
      length_m: vehicle.length_m,
      convoy_n: 1,
    },
    origin: 'live',
    destination: destination(goal),
    expires_at: new Date(press.unix_ms + LIFE_MS).toISOString(),
  };
}
