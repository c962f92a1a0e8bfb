// Levels of rules, from critical down: a word and a colour, never the colour alone.
import { useSay } from '../settings';
import type { Word } from '../lang/words';

export const levels = ['critical', 'high', 'medium', 'low', 'informational'] as const;
export type LevelName = (typeof levels)[number];
export const isLevel = (text: unknown): text is LevelName => levels.includes(text as LevelName);

export function Level({ of }: { of: unknown }) {
  const say = useSay();
  if (!isLevel(of)) return <span className="level informational">{String(of ?? '—')}</span>;
  return <span className={`level ${of}`}>{say(`level_${of}` as Word)}</span>;
}
