// The desk's own work: missions that are over, warnings, alarms, acts in two steps.

import * as api from './api';
import { keyOf, sorted, unseen } from './alarms';
import { app } from './app.svelte';
import { remember, warningsOf, type Warning } from './missions';
import { settings } from './settings.svelte';
import type { Picture } from './state';
import type { Alarm, Challenge, Corridor, Done, WaitingAct } from './wire';

const DONE = 'greenwave-done';

/** An act on its way through its two steps. */
export interface Act {
  title: string;
  challenge: Challenge;
  /** When its time is over, on the page's own clock. */
  until: number;
  begun_by: string;
}

class Desk {
  done: Corridor[] = $state.raw(JSON.parse(sessionStorage.getItem(DONE) ?? '[]') as Corridor[]);
  warnings: Warning[] = $state.raw([]);
  /** Acts of others that wait for this person. */
  waiting: WaitingAct[] = $state.raw([]);
  act: Act | null = $state.raw(null);
  outcome: Done | null = $state.raw(null);
  private heard = new Set<string>();
  private rung = new Set<string>();

  /** What is listed: the picture's missions, and those that have left it. */
  get missions(): Corridor[] {
    const live = app.picture?.corridors ?? [];
    const ids = new Set(live.map((one) => one.corridor_id));
    return [...live, ...this.done.filter((one) => !ids.has(one.corridor_id))];
  }

  get alarms(): Alarm[] {
    return sorted(app.picture?.status.alarms ?? []);
  }

  get unseen(): number {
    return unseen(this.alarms).length;
  }

  /** Called with every picture. */
  see(picture: Picture): void {
    const done = remember(this.done, picture.corridors);
    if (done !== this.done) {
      this.done = done;
      sessionStorage.setItem(DONE, JSON.stringify(done));
    }
    this.warnings = warningsOf(picture.corridors);
    const keys = new Set(this.warnings.map((one) => one.key));
    const alarms = unseen(picture.status.alarms);
    const news = [...keys].some((key) => !this.heard.has(key));
    const rings = alarms.filter((one) => !this.rung.has(keyOf(one)));
    if (news || rings.some((one) => one.serious)) settings.beep(true);
    else if (rings.length > 0) settings.beep(false);
    this.heard = keys;
    this.rung = new Set(alarms.map(keyOf));
  }

  /** Looks for acts that wait for a second person. */
  async lookForActs(): Promise<void> {
    if (!app.canCommand && !app.holds('admin')) return;
    this.waiting = await api.waitingActs().catch(() => []);
  }

  /** Step one: shows what the act would do. */
  async begin(title: string, body: unknown): Promise<void> {
    this.outcome = null;
    await app.act(
      api.beginAct(body).then((challenge) => {
        const until = performance.now() + challenge.seconds * 1000;
        this.act = { title, challenge, until, begun_by: app.session?.name ?? '' };
      }),
    );
  }

  /** Takes up the second step of somebody else's act. */
  take(one: WaitingAct): void {
    this.outcome = null;
    this.act = {
      title: one.about,
      challenge: { ...one, needs_second_person: true },
      until: performance.now() + one.seconds * 1000,
      begun_by: one.begun_by,
    };
  }

  /** Step two; the problem's sentence if it fails. */
  async finish(password: string, code: string): Promise<string> {
    const act = this.act;
    if (!act) return '';
    try {
      this.outcome = await api.finishAct(act.challenge.challenge, password, code);
      void this.lookForActs();
      if (this.outcome.corridor !== null) app.corridor = this.outcome.corridor;
      return '';
    } catch (error) {
      return app.sentence(error);
    }
  }

  close(): void {
    this.act = null;
    this.outcome = null;
  }

  signedOut(): void {
    sessionStorage.removeItem(DONE);
  }
}

export const desk = new Desk();
