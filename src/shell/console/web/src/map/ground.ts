// The colours of the ground below the signals, by theme.

import type { Theme } from '../lib/settings.svelte';

export interface Ground {
  water: string;
  bank: string;
  road: string;
  /** The dark or light line along a road, and the halo of names. */
  edge: string;
  bridge: string;
  rail: string;
  street: string;
  small: string;
  place: string;
  places: Record<string, string>;
  trail: string;
}

export const GROUNDS: Record<Theme, Ground> = {
  dark: {
    water: '#0e2a3d',
    bank: '#17425e',
    road: '#2c3c4b',
    edge: '#0a1117',
    bridge: '#3d5368',
    rail: '#6d8296',
    street: '#93a7b8',
    small: '#8a9dad',
    place: '#d7c38a',
    places: { hospital: '#7fe0ff', 'fire-station': '#ff9f7a' },
    trail: 'rgba(255,255,255,0.75)',
  },
  light: {
    water: '#cfe4f2',
    bank: '#9fc3da',
    road: '#b9c6d0',
    edge: '#f3f6f8',
    bridge: '#9eb1c0',
    rail: '#71889a',
    street: '#3f5464',
    small: '#4d6272',
    place: '#6b5312',
    places: { hospital: '#00617d', 'fire-station': '#a13b10' },
    trail: 'rgba(20,33,43,0.7)',
  },
};
