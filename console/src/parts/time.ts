// Times as people read them, in the zone of the browser.
import type { Say } from '../settings';

const two = (n: number) => String(n).padStart(2, '0');

export function clock(time: unknown, exact = false): string {
  const d = new Date(typeof time === 'number' ? time / 1000 : String(time ?? '')); // numbers: microseconds
  if (Number.isNaN(d.getTime())) return typeof time === 'string' ? time : '';
  const base = `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
  return exact ? `${base}.${String(d.getMilliseconds()).padStart(3, '0')}` : base;
}

// Without the year when it is this one: lists are dense.
export function shortClock(time: unknown): string {
  const text = clock(time);
  return text.startsWith(`${new Date().getFullYear()}-`) ? text.slice(5) : text;
}

export function ago(say: Say, time: unknown): string {
  const d = new Date(typeof time === 'number' ? time / 1000 : String(time ?? ''));
  const s = Math.round((Date.now() - d.getTime()) / 1000);
  if (Number.isNaN(s)) return '';
  if (s < 60) return say('just_now');
  if (s < 3600) return say('minutes_ago', { n: Math.floor(s / 60) });
  if (s < 86400) return say('hours_ago', { n: Math.floor(s / 3600) });
  return say('days_ago', { n: Math.floor(s / 86400) });
}

export function length(say: Say, seconds: number): string {
  if (seconds < 60) return say('seconds', { n: Math.round(seconds) });
  if (seconds < 3600) return say('minutes', { n: Math.round(seconds / 60) });
  if (seconds < 86400) return say('hours', { n: Math.round(seconds / 3600) });
  return say('days', { n: Math.round(seconds / 86400) });
}

export const number = (n: number) => n.toLocaleString('en-US');
export function shortNumber(n: number): string {
  if (n < 10000) return number(Math.round(n));
  if (n < 1e6) return `${(n / 1e3).toFixed(n < 1e5 ? 1 : 0)}k`;
  if (n < 1e9) return `${(n / 1e6).toFixed(n < 1e8 ? 1 : 0)}M`;
  return `${(n / 1e9).toFixed(1)}G`;
}
export function bytes(n: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let i = 0;
  for (; n >= 1024 && i < 4; i++) n /= 1024;
  return `${i && n < 100 ? n.toFixed(1) : Math.round(n)} ${units[i]}`;
}
