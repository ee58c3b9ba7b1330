// Alarms in the order in which they want a person. No DOM, no clock.

import type { Alarm } from './wire';

export const keyOf = (alarm: Alarm): string => `${alarm.code}/${alarm.site ?? ''}`;

/** Serious before others, unseen before seen, then the newest. */
export function sorted(alarms: Alarm[]): Alarm[] {
  const weight = (one: Alarm): number => (one.serious ? 0 : 2) + (one.acknowledged ? 1 : 0);
  return [...alarms].sort((a, b) => weight(a) - weight(b) || b.since.localeCompare(a.since));
}

export const unseen = (alarms: Alarm[]): Alarm[] => alarms.filter((one) => !one.acknowledged);
