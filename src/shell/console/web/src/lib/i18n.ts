// Words in two languages. Both tables have the same keys; a test says so.

import en from '../locales/en.json';
import zh from '../locales/zh-CN.json';
import type { Names } from './wire';

export type Lang = 'zh-CN' | 'en';
export type Key = keyof typeof zh;

const tables: Record<Lang, Record<string, string>> = { 'zh-CN': zh, en };

/** The sentence of `key`, with `{name}` filled from `values`. */
export function translate(
  lang: Lang,
  key: string,
  values: Record<string, string | number> = {},
): string {
  const text = tables[lang][key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) =>
    name in values ? String(values[name]) : whole,
  );
}

/** True if both tables know the key. */
export function knows(key: string): boolean {
  return key in zh;
}

/** The name in the language, or in the other one if there is none. */
export function pick(lang: Lang, names: Names): string {
  return lang === 'en' ? names.en || names.zh : names.zh || names.en;
}

/** The language to begin with. */
export function firstLang(saved: string | null, browser: readonly string[]): Lang {
  if (saved === 'zh-CN' || saved === 'en') return saved;
  return browser.some((one) => one.toLowerCase().startsWith('zh')) || browser.length === 0
    ? 'zh-CN'
    : 'en';
}
