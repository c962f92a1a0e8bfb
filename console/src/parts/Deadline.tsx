// A deadline as people feel it: how long still, or how long over, and when exactly.
import { useSay } from '../settings';
import { clock, length } from './time';

export function Deadline({ at, late }: { at: number | null; late: boolean }) {
  const say = useSay();
  if (!at) return <span className="none">—</span>;
  const left = at / 1e6 - Date.now() / 1000;
  const soon = left < 2 * 86400;
  return (
    <span>
      <span className={`choice ${late ? 'critical' : soon ? 'medium' : 'informational'}`}>{say(late ? 'late_by' : 'left', { t: length(say, Math.abs(left)) })}</span>{' '}
      <span className="quiet">{clock(at).slice(0, 16)}</span>
    </span>
  );
}
