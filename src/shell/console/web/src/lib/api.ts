// Calls to the API. Every refusal comes back as a `Refused` with the server's problem.

import type {
  AuditCheck,
  AuditPage,
  Challenge,
  City,
  Decision,
  Done,
  Person,
  Preview,
  Problem,
  Report,
  Session,
  Token,
  WaitingAct,
  Wave,
} from './wire';

export class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail);
  }

  get code(): string {
    return this.problem.type.split(':').pop() ?? '';
  }
}

let csrf = '';
let clockOffset = 0;

/** The server's clock, Unix milliseconds, good to about a second. */
export function serverNow(): number {
  return Date.now() + clockOffset;
}

async function call<T>(method: string, path: string, body?: unknown, again = true): Promise<T> {
  const headers: Record<string, string> = { 'x-greenwave-csrf': csrf };
  if (body !== undefined) headers['content-type'] = 'application/json';
  const answer = await fetch(`/api/v1/${path}`, {
    method,
    headers,
    credentials: 'same-origin',
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const date = Date.parse(answer.headers.get('date') ?? '');
  // The header is cut to whole seconds, so only a real difference counts.
  if (!Number.isNaN(date)) {
    const off = date - Date.now();
    clockOffset = Math.abs(off) > 2000 ? off : 0;
  }
  if (answer.status === 204) return undefined as T;
  const value: unknown = await answer.json().catch(() => null);
  if (!answer.ok) {
    const refused = new Refused(problemOf(value, answer.status));
    // Another page of the same session took a fresh CSRF token; take one too, once.
    if (refused.code !== 'csrf' || !again) throw refused;
    await whoAmI();
    return call(method, path, body, false);
  }
  return value as T;
}

function problemOf(value: unknown, status: number): Problem {
  const known = typeof value === 'object' && value !== null && 'type' in value;
  return known
    ? (value as Problem)
    : { type: 'urn:greenwave:problem:unreadable', title: '', status, detail: '', errors: [] };
}

export async function signIn(token: string): Promise<Session> {
  const session = await call<Session>('POST', 'session', { token });
  csrf = session.csrf;
  return session;
}

export async function signInByName(
  name: string,
  password: string,
  code: string,
): Promise<Session> {
  const body = code ? { name, password, code } : { name, password };
  const session = await call<Session>('POST', 'session/password', body);
  csrf = session.csrf;
  return session;
}

/** What set-up and a new second factor give; not done while a code of the secret is waited for. */
export interface SetUp {
  name: string;
  totp_secret: string | null;
  is_done: boolean;
}

export const setUp = (secret: string, password: string, code: string): Promise<SetUp> =>
  call('POST', 'session/set-up', code ? { secret, password, code } : { secret, password });
export const signOut = (): Promise<unknown> => call('DELETE', 'session');

export async function whoAmI(): Promise<Session> {
  const session = await call<Session>('GET', 'session');
  csrf = session.csrf;
  return session;
}

export const city = (): Promise<City> => call('GET', 'city');
export const detail = (site: string): Promise<{ decision: Decision | null }> =>
  call('GET', `sites/${site}`);
export const preview = (body: unknown): Promise<Preview> => call('POST', 'previews', body);
export const open = (body: unknown): Promise<{ corridor_id: number; decision: string }> =>
  call('POST', 'corridors', body);
export const report = (id: number): Promise<Report> => call('GET', `corridors/${id}/report/data`);
export const cancel = (id: number): Promise<unknown> => call('POST', `corridors/${id}/cancel`);
export const takeOut = (id: number, site: string): Promise<unknown> =>
  call('POST', `corridors/${id}/take-out`, { site });
export const passed = (id: number, site: string): Promise<unknown> =>
  call('POST', `corridors/${id}/passed`, { site });
export const confirm = (id: number): Promise<unknown> => call('POST', `corridors/${id}/confirm`);
export const refuse = (id: number): Promise<unknown> => call('POST', `corridors/${id}/refuse`);
export const extend = (id: number, expires_at: string): Promise<unknown> =>
  call('POST', `corridors/${id}/extend`, { expires_at });
export const handOver = (id: number, agency: string): Promise<unknown> =>
  call('POST', `corridors/${id}/handover`, { agency });
export const acknowledge = (code: string, site: string | null): Promise<unknown> =>
  call('POST', 'alarms/acknowledge', site ? { code, site } : { code });
export const beginAct = (body: unknown): Promise<Challenge> => call('POST', 'acts', body);
export const waitingActs = (): Promise<WaitingAct[]> => call('GET', 'acts');
export const finishAct = (id: string, password: string, code: string): Promise<Done> =>
  call('POST', `acts/${id}`, code ? { password, code } : { password });
export const people = (): Promise<Person[]> => call('GET', 'people');
export const tokens = (): Promise<Token[]> => call('GET', 'tokens');
export const audit = (query: Record<string, string>): Promise<AuditPage> =>
  call('GET', `audit?${new URLSearchParams(query).toString()}`);
export const auditCheck = (): Promise<AuditCheck> => call('GET', 'audit/verify');
export const newPassword = (
  password: string,
  code: string,
  new_password: string,
): Promise<unknown> =>
  call('POST', 'session/new-password', {
    password,
    new_password,
    ...(code ? { code } : {}),
  });
export const newSecondFactor = (password: string, code: string): Promise<SetUp> =>
  call('POST', 'session/second-factor', code ? { password, code } : { password });
export const confirmSecondFactor = (new_code: string): Promise<SetUp> =>
  call('POST', 'session/second-factor', { new_code });
export const waves = (): Promise<Wave[]> => call('GET', 'waves');
export const startWave = (id: string): Promise<unknown> => call('POST', `waves/${id}`);
export const endWave = (id: string): Promise<unknown> => call('DELETE', `waves/${id}`);
export const manual = (site: string, body: unknown): Promise<unknown> =>
  call('POST', `sites/${site}/manual`, body);
export const release = (site: string): Promise<unknown> => call('DELETE', `sites/${site}/manual`);
