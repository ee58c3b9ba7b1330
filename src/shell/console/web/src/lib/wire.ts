// What travels over the wire; the words are those of docs/api/openapi.json.

export interface Names {
  zh: string;
  en: string;
}
export type Position = [number, number];
export type Service = 'ambulance' | 'fire' | 'rescue' | 'police' | 'police_escort';
export type GroupKind = 'vehicle' | 'arrow' | 'non-motor' | 'pedestrian' | 'waiting-area';
export type Lamp =
  | 'dark'
  | 'red'
  | 'amber'
  | 'green'
  | 'red-amber'
  | 'flashing-amber'
  | 'flashing-green'
  | 'flashing-red'
  | 'unknown'
  | 'nonsense';
export type Cabinet =
  | 'silent'
  | 'following'
  | 'start-up'
  | 'fallback'
  | 'local-manual'
  | 'monitor-fault';
export type Mode = 'starting' | 'normal' | 'all-red' | 'flashing' | 'dark';

export interface Road {
  id: string;
  names: Names;
  lanes: number;
  speed_kmh: number;
  bridge: boolean;
  line: Position[];
}
export interface Place {
  id: string;
  kind: string;
  names: Names;
  at: Position;
}
export interface Vehicle {
  id: string;
  call_sign: Names;
  plate: string;
  terminal_id: string;
  class: Service;
  length_m: number;
  agency: string;
}
export interface Approach {
  name: string;
  road: string;
  bearing_deg: number;
  groups: number[];
  walks: number[];
  lanes: { group: number; turns: string[] }[];
}
export interface SiteBuilt {
  id: string;
  names: Names;
  crossing: boolean;
  at: Position;
  groups: { name: string; kind: GroupKind }[];
  approaches: Approach[];
  stages: string[];
  link: string;
  camera_url: string | null;
}
/** Something the check of the city folder had to say. */
export interface Finding {
  site: string | null;
  code: string;
  place: string;
  message: string;
  help: string;
}
export interface City {
  id: string;
  names: Names;
  synthetic: boolean;
  timezone: string;
  roads: Road[];
  water: Position[][];
  junctions: { id: string; names: Names; at: Position }[];
  places: Place[];
  classes: { class: Service; rank: number; preempts: boolean }[];
  vehicles: Vehicle[];
  missions: { id: string; names: Names; vehicle: string; destination: string }[];
  sites: SiteBuilt[];
  base_map: { url: string; attribution: string } | null;
  findings: Finding[];
}

export interface Site {
  cabinet: Cabinet;
  mode: Mode;
  lamps: Lamp[];
  stage: string | null;
  plan: string;
  plan_since: string | null;
  winner: string;
  reason: Names;
  waits: { group: number; waited_s: number; bound_s: number }[];
  wait_max_s: number;
  queues: { approach: number; vehicles: number; length_m: number }[];
  corridor: number | null;
  manual: { act: string; stage: string | null; by: string; left_s: number } | null;
  faults: Names[];
}
/** What one policy wanted. */
export interface Wish {
  policy: string;
  stage: string | null;
  reason: Names;
}
/** What the search of adaptive control chose. */
export interface Choice {
  age_ms: number;
  running: string;
  next: string | null;
  limit: Names | null;
  source: 'none' | 'loops' | 'area';
  source_age_ms: number;
  vehicles: number;
  scores: { stage: string; vehicle_s: number }[];
}
export type Level = 'free' | 'trimmed' | 'actuated' | 'fixed';
/** Why a site does what it does. */
export interface Decision {
  plan: string;
  ran: Wish;
  planned: Wish | null;
  choice: Choice | null;
  rung: { level: Level; planned: Level; dropped: Names | null } | null;
  regret_vehicle_s_per_h: number | null;
}
export interface Status {
  ticks: number;
  late_ticks: number;
  scheduler: string;
  links: { id: string; cabinets: number; up: number; round_trip_ms: number | null }[];
  alarms: Alarm[];
}
export interface Alarm {
  code: string;
  serious: boolean;
  text: Names;
  site: string | null;
  since: string;
  acknowledged: { by: string; at: string } | null;
}
export interface VehicleLive {
  id: string;
  at: Position;
  heading_deg: number;
  speed_mps: number;
  age_ms: number;
  corridor: number | null;
}
export type CorridorState =
  | 'requested'
  | 'confirmed'
  | 'staging'
  | 'active'
  | 'holding'
  | 'degraded'
  | 'releasing'
  | 'recovering'
  | 'completed'
  | 'cancelled'
  | 'expired'
  | 'failed';
export type CrossingState =
  | 'pending'
  | 'requested'
  | 'clearing'
  | 'green_held'
  | 'passed'
  | 'released'
  | 'recovering'
  | 'unavailable'
  | 'local_control'
  | 'refused_by_guard';
export interface Crossing {
  id: string;
  order: number;
  approach: string;
  movement: string;
  state: CrossingState;
  eta_s: number | null;
  eta_err_s: number;
  green_at_ms: number | null;
  hold_until_ms: number | null;
  confirmed_by: 'command_ack' | 'lamp_readback' | null;
  late: boolean;
  late_by_s: number;
  eta_p10_s: number | null;
  /** The corridor that goes first here: expect red. */
  refused_by: number | null;
  wait_s: number;
  fault: Names | null;
}
export interface Advice {
  code: string;
  text: Names;
  site: string | null;
}
export interface Corridor {
  corridor_id: number;
  request_id: string;
  revision: number;
  state: CorridorState;
  control_authority: number;
  service: Service;
  priority: number;
  vehicle_id: string;
  vehicle: {
    at: Position;
    speed_mps: number;
    age_ms: number;
    next: string | null;
    eta_s: number | null;
    eta_p10_s: number | null;
    eta_p90_s: number | null;
    on_route: boolean;
  } | null;
  destination: Names;
  line: Position[];
  intersections: Crossing[];
  est_saved_s: number;
  others_wait_s: number;
  others_bound_s: number;
  waits: {
    walkers_s: number;
    walkers_bound_s: number;
    vehicles_s: number;
    vehicles_bound_s: number;
  };
  agency: string;
  opened_by: string;
  opened_at: string | null;
  /** A priority above the agency's ceiling that waits for a second person. */
  asked_priority: number | null;
  confidential: boolean;
  expires_at: string;
  warnings: Advice[];
}

export interface Snapshot {
  type: 'snapshot';
  seq: number;
  at_unix_ms: number;
  civil: string;
  status: Status;
  sites: Site[];
  ages_ms: (number | null)[];
  vehicles: VehicleLive[];
  corridors: Corridor[];
}
export interface Delta {
  type: 'delta';
  seq: number;
  base: number;
  at_unix_ms: number;
  civil: string;
  status?: Status;
  sites: { at: number; site: Site }[];
  ages_ms: (number | null)[];
  vehicles: VehicleLive[];
  corridors?: Corridor[];
}
export type Frame = Snapshot | Delta;

export interface PreviewCrossing {
  id: string;
  order: number;
  approach: string;
  movement: string;
  eta_s: number;
  latest_start_s: number;
  flush_s: number;
  queue_vehicles: number;
  hold_s: number;
  unavailable: Names | null;
}
export interface Preview {
  line: Position[];
  destination: Names;
  length_m: number;
  free_flow_s: number;
  with_key_s: number;
  without_key_s: number;
  saved_s: number;
  with_key_p90_s: number;
  without_key_p90_s: number;
  /** Runs of this kind here that the times are corrected by. */
  corrected_by_runs: number;
  intersections: PreviewCrossing[];
  price: {
    delay_veh_s: number;
    delay_low_veh_s: number;
    delay_high_veh_s: number;
    vehicles: number;
    walkers: number;
    wait_max_s: number;
    wait_max_site: string;
    bound_s: number;
  };
  conflicts: { site: string; corridor_id: number; other_first: boolean }[];
  advice: Advice[];
  /** Other ways to the same place; theirs are empty. */
  alternatives: Preview[];
}
/** What the console shows of a run's report. */
export interface Report {
  saved_s: { value: number; low: number; high: number } | null;
  paid_vehicle_s: { value: number; low: number; high: number };
  is_cut: boolean;
}
/** What a two-step act would do. */
export interface Challenge {
  challenge: string;
  seconds: number;
  needs_second_person: boolean;
  consequences: Names[];
}
/** A prepared wave of an arterial. */
export interface Wave {
  id: string;
  names: Names;
  sites: string[];
  lasts_s: number;
  /** Null while it does not run. */
  left_s: number | null;
}
/** An act of somebody else that waits for a second person. */
export interface WaitingAct {
  challenge: string;
  begun_by: string;
  about: string;
  seconds: number;
  consequences: Names[];
}
export interface Done {
  done: string;
  secret: string | null;
  corridor: number | null;
}
export interface Person {
  name: string;
  agency: string;
  roles: string[];
  is_set_up: boolean;
  disabled: boolean;
}
export interface Token {
  id: string;
  agency: string;
  source_system: string;
  scopes: string[];
  bound_to_certificate: boolean;
  until: string;
}
export interface AuditRecord {
  seq: number;
  at: string;
  who: string;
  agency: string;
  act: string;
  about: string;
  status: number;
  hash: string;
}
export interface AuditPage {
  records: AuditRecord[];
  public_key: string;
  is_whole: boolean;
}
export interface AuditCheck {
  is_good: boolean;
  fault: string | null;
  records: number;
  heads: number;
  signed: number;
  hash: string;
}
export interface Session {
  name: string;
  agency: string;
  source_system: string;
  roles: string[];
  csrf: string;
}
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  errors: { field: string; problem: string; allowed: string }[];
}

/** A frame from its text; null if it is none. */
export function decodeFrame(text: string): Frame | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const frame = value as Partial<Frame>;
  const known = frame.type === 'snapshot' || frame.type === 'delta';
  if (!known || typeof frame.seq !== 'number' || !Array.isArray(frame.sites)) return null;
  if (!Array.isArray(frame.ages_ms) || !Array.isArray(frame.vehicles)) return null;
  return frame as Frame;
}
