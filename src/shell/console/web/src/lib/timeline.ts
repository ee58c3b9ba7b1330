// Geometry of the preview's time bars. No DOM.

import type { PreviewCrossing } from './wire';

export interface Bar {
  id: string;
  y: number;
  /** Change to green and flushing of the queue: from the latest start to the arrival. */
  clear: { x: number; width: number };
  /** Part of that in which the queue drives off. */
  flush: { x: number; width: number };
  eta: number;
  label: string;
  out: boolean;
}

/** Bars of all signals on a drawing `width` wide, with the seconds at its right edge. */
export function bars(
  crossings: PreviewCrossing[],
  width: number,
  row: number,
): { bars: Bar[]; span_s: number } {
  const last = crossings.reduce((most, one) => Math.max(most, one.eta_s), 0);
  const span_s = Math.max(30, Math.ceil((last + 8) / 30) * 30);
  const x = (seconds: number): number => (Math.max(0, seconds) / span_s) * width;
  const made = crossings.map((one, at) => {
    const start = x(one.latest_start_s);
    const flush = x(one.eta_s - one.flush_s);
    const eta = x(one.eta_s);
    return {
      id: one.id,
      y: at * row,
      clear: { x: start, width: Math.max(1, eta - start) },
      flush: { x: flush, width: Math.max(0, eta - flush) },
      eta,
      label: clock(one.eta_s),
      out: one.unavailable !== null,
    };
  });
  return { bars: made, span_s };
}

/** Seconds as `m:ss`. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}
