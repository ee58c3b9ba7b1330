// What another desk does while the page is looked at: opens missions by the API, with the session
// that the page has, and finds ways that cross.

/** A call of the API from inside the page. */
const call = (page, method, path, body) =>
  page.evaluate(
    async ([how, where, what]) => {
      const session = await (await fetch('/api/v1/session')).json();
      const answer = await fetch(`/api/v1/${where}`, {
        method: how,
        headers: { 'content-type': 'application/json', 'x-greenwave-csrf': session.csrf },
        ...(what ? { body: JSON.stringify(what) } : {}),
      });
      return { status: answer.status, value: await answer.json().catch(() => null), session };
    },
    [method, path, body],
  );

/** Waits until no signal is in its start-up any more; false after two minutes. */
export async function signalsAreUp(page) {
  for (let tries = 0; tries < 120; tries += 1) {
    const { value } = await call(page, 'GET', 'snapshot');
    const all = value.sites.length > 0;
    if (all && value.sites.every((site) => site.mode === 'normal')) return true;
    await page.waitForTimeout(1000);
  }
  return false;
}

const point = ([lon, lat]) => ({ lat, lon, datum: 'wgs84' });

async function candidates(page, vehicle) {
  const { value: city } = await call(page, 'GET', 'city');
  const known = city.vehicles.find((one) => one.id === vehicle);
  const roads = city.roads.filter((road) => road.line.length > 1 && !road.bridge);
  const starts = roads.map((road) => road.line[0]);
  return { city, known, starts, places: city.places.map((one) => one.id) };
}

async function look(page, vehicle, at, place) {
  const body = {
    vehicle_id: vehicle,
    origin: point(at),
    destination: { facility_id: place },
  };
  const { status, value } = await call(page, 'POST', 'previews', body);
  return status === 200 ? value : null;
}

/** The body of a request that starts at a point; the id and the nonce are made in the page. */
const request = (known, at, place) => ({
  service: known.class,
  stage: 'to_scene',
  priority: 2,
  lights_siren: true,
  vehicle: { id: known.id, length_m: known.length_m, convoy_n: 1 },
  origin: point(at),
  destination: { facility_id: place },
});

/** A start for `vehicle` whose way meets a running mission that goes first. */
export async function crossing(page, vehicle) {
  const { known, starts, places } = await candidates(page, vehicle);
  const step = Math.max(1, Math.floor(starts.length / 50));
  for (let at = 0; at < starts.length; at += step) {
    for (const place of places.slice(0, 3)) {
      const seen = await look(page, vehicle, starts[at], place);
      const { value } = await call(page, 'GET', 'corridors');
      // Far enough ahead of both that the crew, who set off after some seconds, still come in time.
      const meets = (seen?.conflicts ?? []).filter((one) => {
        const first = value.find((mission) => mission.corridor_id === one.corridor_id);
        const theirs = first?.intersections.find((signal) => signal.id === one.site)?.eta_s ?? 0;
        const ours = seen.intersections.find((signal) => signal.id === one.site)?.eta_s ?? 0;
        return one.other_first && theirs > 30 && Math.abs(theirs - ours - 8) < 14;
      });
      if (meets.length === 0) continue;
      return { body: request(known, starts[at], place), sites: meets.map((one) => one.site) };
    }
  }
  return null;
}

/** A start for `vehicle` so near to its first signal that green comes too late. */
export async function lateStart(page, vehicle) {
  const { known, city, places } = await candidates(page, vehicle);
  const lines = city.roads.filter((road) => road.line.length > 1 && !road.bridge);
  const step = Math.max(1, Math.floor(lines.length / 60));
  for (let at = 0; at < lines.length; at += step) {
    const line = lines[at].line;
    const [from, to] = [line[line.length - 2], line[line.length - 1]];
    const near = [from[0] + (to[0] - from[0]) * 0.6, from[1] + (to[1] - from[1]) * 0.6];
    const seen = await look(page, vehicle, near, places[0]);
    const first = seen?.intersections[0];
    if (first && seen.advice.some((one) => one.code === 'late')) {
      return { body: request(known, near, places[0]), site: first.id };
    }
  }
  return null;
}

/** Opens a mission as another desk would; its number. */
export async function press(page, body) {
  const id = Array.from(crypto.getRandomValues(new Uint8Array(16)));
  id[6] = 0x70 | (id[6] & 15);
  id[8] = 0x80 | (id[8] & 63);
  const hex = (bytes) => bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('');
  const text = hex(id);
  const uuid = [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join('-');
  const { session } = await call(page, 'GET', 'session');
  const now = Date.now();
  const whole = {
    ...body,
    request_id: uuid,
    nonce: hex(Array.from(crypto.getRandomValues(new Uint8Array(16)))),
    issued_at: new Date(now).toISOString(),
    expires_at: new Date(now + 20 * 60_000).toISOString(),
    agency: session.agency,
    source_system: session.source_system,
    operator_id: 'another-desk',
    incident_id: 'browser-test',
  };
  const { status, value } = await call(page, 'POST', 'corridors', whole);
  if (status !== 201) throw new Error(`the other desk was refused: ${JSON.stringify(value)}`);
  return value.corridor_id;
}
