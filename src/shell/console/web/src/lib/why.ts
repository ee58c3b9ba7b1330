// The last decision of a signal, made ready for the drawer.

import type { Choice } from './wire';

export interface Bar {
  stage: string;
  vehicle_s: number;
  /** Against the worst of them, 0 to 1. */
  share: number;
  best: boolean;
}

/** The stages that were tried, the best first. */
export function bars(choice: Choice): Bar[] {
  const sorted = [...choice.scores].sort((a, b) => a.vehicle_s - b.vehicle_s);
  const worst = sorted[sorted.length - 1]?.vehicle_s ?? 0;
  return sorted.map((score, at) => ({
    ...score,
    share: worst > 0 ? score.vehicle_s / worst : 0,
    best: at === 0,
  }));
}

/** Seconds with one decimal. */
export const seconds = (ms: number): string => (ms / 1000).toFixed(1);
