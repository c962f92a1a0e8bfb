// What a page says when there is nothing, or when something was refused.
import { Button } from 'antd';
import type { ReactNode } from 'react';
import type { Refused } from '../api/client';
import { useSay, type Say } from '../settings';
import { Glyph, type GlyphName } from './Glyph';

export function why(say: Say, refused: Refused): string {
  if (refused.status === 0) return say('away');
  if (refused.code === 'lake_away') return say('lake_away');
  if (refused.status === 503) return say('busy_now');
  if (refused.status === 403) return say('forbidden');
  if (refused.status === 404) return say('gone');
  const faults = refused.faults.map((fault) => fault.text).filter(Boolean).join('；');
  return faults || refused.message || say('went_wrong');
}

export function Failed({ refused, again }: { refused: Refused; again?: () => void }) {
  const say = useSay();
  return (
    <div className="said" role="alert">
      <Glyph name="alert" size={28} />
      <h3>{say('not_shown')}</h3>
      <p>{why(say, refused)}</p>
      {again && refused.status !== 403 && refused.status !== 404 && (
        <Button onClick={again}>{say('retry')}</Button>
      )}
    </div>
  );
}

export function Nothing({ glyph = 'inbox', title, children, action }:
{ glyph?: GlyphName; title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className="said">
      <Glyph name={glyph} size={28} />
      <h3>{title}</h3>
      {children && <p>{children}</p>}
      {action}
    </div>
  );
}
