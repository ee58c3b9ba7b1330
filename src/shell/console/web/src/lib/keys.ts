// The keyboard: every act is reachable by it, and the help overlay says how.

import { app } from './app.svelte';

const focus = (selector: string): void => {
  const found = document.querySelector<HTMLElement>(selector);
  found?.focus();
};
const REGIONS = ['aside nav button', '.map', 'header nav button', 'footer button'];
let region = 0;

/** What each key does; those that are not here are the browser's. */
const KEYS: Record<string, () => void> = {
  F1: () => (app.panel = 'help'),
  F2: () => {
    app.view = 'desk';
    app.corridor = -1;
  },
  F3: () => {
    const elsewhere = app.view !== 'desk';
    app.view = 'desk';
    // The field is on the desk's page only, and not yet there when one comes from another.
    if (elsewhere) setTimeout(() => focus('#search'));
    else focus('#search');
  },
  F4: () => (app.panel = 'alarms'),
  F6: () => {
    region = (region + 1) % REGIONS.length;
    focus(REGIONS[region] ?? 'body');
  },
  F7: () => {
    if (app.canCommand) app.panel = 'acts';
  },
  F8: () => {
    if (!app.canCommand) return;
    app.view = 'desk';
    app.corridor = 0;
  },
  F9: () => {
    if (app.corridor === 0 && app.view === 'desk') void app.key();
  },
};

/** The page's key handler. */
export function press(event: KeyboardEvent): void {
  if (!app.session || event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
  const act = KEYS[event.key];
  if (act) {
    event.preventDefault();
    act();
  } else if (event.key === 'Escape' && !document.querySelector('dialog[open]')) {
    if (app.picking) app.picking = false;
    else app.site = '';
  }
}
