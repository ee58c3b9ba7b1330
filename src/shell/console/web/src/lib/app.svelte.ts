// What the whole page shares, and the acts on it.

import * as api from './api';
import { firstLang, knows, pick, translate, type Lang } from './i18n';
import { follow, type Link } from './live';
import { corridorRequest, destination, type Goal } from './request';
import { grow, isRunning, type Picture, type Trails } from './state';
import type { City, Corridor, Names, Position, Preview, Report, Session } from './wire';

const LANG = 'greenwave-lang';

/** A page of the console. */
export type View = 'desk' | 'plans' | 'audit' | 'accounts';
/** What lies over the page. */
export type Panel = '' | 'alarms' | 'acts' | 'settings' | 'help' | 'account';
/** Who may look at the city. */
const WATCHERS = ['viewer', 'dispatcher', 'engineer', 'integration', 'auditor'];

class App {
  lang: Lang = $state(firstLang(localStorage.getItem(LANG), navigator.languages));
  session: Session | null = $state.raw(null);
  /** Why one is not signed in; empty while that is still being found out. */
  signInProblem = $state('');
  /** The one-time secret of an account to set up. */
  setUpSecret = $state('');
  city: City | null = $state.raw(null);
  picture: Picture | null = $state.raw(null);
  link: Link = $state('connecting');
  /** The page's monotonic clock, twice a second: makes old readings grey. */
  now = $state(performance.now());
  vehicle = $state('');
  goal: Goal | null = $state.raw(null);
  picking = $state(false);
  preview: Preview | null = $state.raw(null);
  /** Which way is looked at: 0 the best one, then the others. */
  way = $state(0);
  previewing = $state(false);
  /** Reports of runs that are over, as far as they are made. */
  reports: Record<number, Report> = $state.raw({});
  pressing = $state(false);
  problem: { text: string; fields: string[] } | null = $state.raw(null);
  /** The corridor looked at; 0 shows the planning side, -1 the list of missions. */
  corridor = $state(0);
  view: View = $state('desk');
  panel: Panel = $state('');
  /** Where the map shall look; counts up so that the same place can be asked for again. */
  spot: { at: Position; count: number } = $state.raw({ at: [0, 0], count: 0 });
  /** The site whose manual control is open. */
  manual = $state('');
  /** Called with every picture. */
  onPicture: (picture: Picture) => void = () => undefined;
  site = $state('');
  readonly trails: Trails = new Map();
  private press: { unix_ms: number; random: Uint8Array } | null = null;
  private asked = 0;

  t = (key: string, values: Record<string, string | number> = {}): string =>
    translate(this.lang, key, values);
  name = (names: Names): string => pick(this.lang, names);

  get running(): Corridor[] {
    return this.picture?.corridors.filter(isRunning) ?? [];
  }

  get looked(): Corridor | null {
    return this.picture?.corridors.find((one) => one.corridor_id === this.corridor) ?? null;
  }

  /** The way that the key would open. */
  get chosen(): Preview | null {
    if (!this.preview || this.way === 0) return this.preview;
    return this.preview.alternatives[this.way - 1] ?? this.preview;
  }

  holds(role: string): boolean {
    return this.session?.roles.includes(role) ?? false;
  }

  get canCommand(): boolean {
    return this.holds('dispatcher');
  }

  get canWatch(): boolean {
    return this.session?.roles.some((role) => WATCHERS.includes(role)) ?? false;
  }

  /** The lamps and figures on the screen are young enough to be believed. */
  get fresh(): boolean {
    return this.picture !== null && this.link === 'up' && this.now - this.picture.receivedAt < 3000;
  }

  lookAt(at: Position): void {
    this.spot = { at, count: this.spot.count + 1 };
  }

  setLang(lang: Lang): void {
    this.lang = lang;
    localStorage.setItem(LANG, lang);
    document.documentElement.lang = lang;
  }

  async start(): Promise<void> {
    document.documentElement.lang = this.lang;
    const hash = new URLSearchParams(location.hash.slice(1));
    const token = hash.get('sign-in');
    this.setUpSecret = hash.get('set-up') ?? '';
    if (token || this.setUpSecret) history.replaceState(null, '', location.pathname);
    try {
      this.session = token ? await api.signIn(token) : await api.whoAmI();
    } catch (error) {
      // A used link is no harm if the session it once made still lives.
      const here = token ? await api.whoAmI().catch(() => null) : null;
      if (!here) {
        // Nobody is signed in yet: that is no mistake of theirs.
        const stranger = error instanceof api.Refused && error.code === 'not-signed-in';
        this.signInProblem = stranger ? this.t('door.how') : this.sentence(error);
        return;
      }
      this.session = here;
    }
    await this.enter();
  }

  /** Signs in by name; the problem's code if that fails. */
  async signIn(name: string, password: string, code: string): Promise<string> {
    try {
      this.session = await api.signInByName(name, password, code);
    } catch (error) {
      this.signInProblem = this.sentence(error);
      return error instanceof api.Refused ? error.code : 'network';
    }
    await this.enter();
    return '';
  }

  /**
   * Sets an account up; one with a second factor is done once a code of it is given. The
   * problem's code if that fails.
   */
  async setUp(password: string, code: string): Promise<api.SetUp | string> {
    try {
      const made = await api.setUp(this.setUpSecret, password, code);
      this.signInProblem = made.is_done ? this.t('door.how') : '';
      return made;
    } catch (error) {
      this.signInProblem = this.sentence(error);
      return error instanceof api.Refused ? error.code : 'network';
    }
  }

  async signOut(): Promise<void> {
    await api.signOut().catch(() => undefined);
    location.reload();
  }

  private async enter(): Promise<void> {
    if (!this.canWatch) {
      // An admin has accounts and no signals.
      this.view = 'accounts';
      return;
    }
    this.city = await api.city();
    if (!this.canCommand) this.corridor = -1;
    const mission = this.city.missions[0];
    this.vehicle = mission?.vehicle ?? this.city.vehicles[0]?.id ?? '';
    follow(
      (picture) => {
        grow(this.trails, picture.vehicles);
        this.picture = picture;
        this.onPicture(picture);
        this.now = performance.now();
      },
      (link) => (this.link = link),
    );
    setInterval(() => (this.now = performance.now()), 500);
    setInterval(() => void this.look(true), 5000);
  }

  choose(vehicle: string): void {
    this.vehicle = vehicle;
    void this.look();
  }

  aim(goal: Goal | null): void {
    this.goal = goal;
    this.picking = false;
    void this.look();
  }

  /** Asks for the preview; `quietly` keeps the old one on the screen meanwhile. */
  async look(quietly = false): Promise<void> {
    if (quietly && (!this.preview || this.corridor !== 0 || this.pressing)) return;
    if (!quietly) {
      this.preview = null;
      this.way = 0;
      this.problem = null;
      this.press = null;
    }
    if (!this.vehicle || !this.goal || !this.canCommand) return;
    const mine = ++this.asked;
    this.previewing = !quietly;
    try {
      const body = {
        vehicle_id: this.vehicle,
        origin: 'live',
        destination: destination(this.goal),
      };
      const preview = await api.preview(body);
      if (mine === this.asked) this.preview = preview;
    } catch (error) {
      if (mine === this.asked) {
        this.preview = null;
        this.blame(error);
      }
    } finally {
      if (mine === this.asked) this.previewing = false;
    }
  }

  /** The key. A second press before the answer is the same press. */
  async key(): Promise<void> {
    const vehicle = this.city?.vehicles.find((one) => one.id === this.vehicle);
    if (!this.city || !this.session || !vehicle || !this.goal || !this.preview) return;
    const old = this.press && api.serverNow() - this.press.unix_ms > 20_000;
    if (!this.press || old) {
      this.press = {
        unix_ms: api.serverNow(),
        random: crypto.getRandomValues(new Uint8Array(26)),
      };
    }
    this.pressing = true;
    this.problem = null;
    try {
      const way = this.way > 0 ? this.chosen : null;
      const body = corridorRequest(this.city, this.session, vehicle, this.goal, this.press, way);
      const answer = await api.open(body);
      this.press = null;
      this.corridor = answer.corridor_id;
      this.preview = null;
    } catch (error) {
      if (error instanceof api.Refused) this.press = null;
      this.blame(error);
    } finally {
      this.pressing = false;
    }
  }

  chooseWay(way: number): void {
    this.way = way;
    this.press = null;
  }

  /** Asks for the report of a corridor that is over, unless it is there and whole. */
  async askReport(looked: Corridor): Promise<void> {
    const known = this.reports[looked.corridor_id];
    if (known && !known.is_cut) return;
    try {
      const report = await api.report(looked.corridor_id);
      this.reports = { ...this.reports, [looked.corridor_id]: report };
    } catch {
      // Not made yet, or there is no journal: the link just does not appear.
    }
  }

  async act(what: Promise<unknown>): Promise<void> {
    this.problem = null;
    try {
      await what;
    } catch (error) {
      this.blame(error);
    }
  }

  cancel = (id: number): Promise<void> => this.act(api.cancel(id));
  takeOut = (id: number, site: string): Promise<void> => this.act(api.takeOut(id, site));
  release = (site: string): Promise<void> => this.act(api.release(site));

  private blame(error: unknown): void {
    const fields =
      error instanceof api.Refused
        ? error.problem.errors.map((one) => `${one.field}: ${one.allowed || one.problem}`)
        : [];
    this.problem = { text: this.sentence(error), fields };
  }

  sentence(error: unknown): string {
    if (!(error instanceof api.Refused)) return this.t('problem.network');
    const key = `problem.${error.code}`;
    return knows(key) ? this.t(key) : error.problem.detail || this.t('problem.unreadable');
  }
}

export const app = new App();
