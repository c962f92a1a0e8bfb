// Events over time, to look at and to drag a span from. Drawn by hand: it answers while the mouse moves.
import { useRef, useState, type PointerEvent } from 'react';
import type { Bar } from '../api/types';
import { useSay } from '../settings';
import { clock, length, number } from './time';

const HEIGHT = 84;

export function Histogram({ bars, onSpan, colour }: { bars: Bar[]; onSpan?: (from: string, to: string) => void; colour?: string }) {
  const say = useSay();
  const box = useRef<HTMLDivElement>(null);
  const [over, setOver] = useState<number | null>(null);
  const [span, setSpan] = useState<[number, number] | null>(null);
  const most = Math.max(1, ...bars.map((bar) => bar.count));
  const at = (event: PointerEvent) => {
    const rect = box.current!.getBoundingClientRect();
    return Math.max(0, Math.min(bars.length - 1, Math.floor(((event.clientX - rect.left) / rect.width) * bars.length)));
  };
  const end = () => {
    if (span && onSpan) {
      const [a, b] = [Math.min(...span), Math.max(...span)];
      const last = new Date(new Date(bars[b].time).getTime() + bars[b].seconds * 1000 - 1);
      onSpan(new Date(bars[a].time).toISOString(), last.toISOString());
    }
    setSpan(null);
  };
  if (!bars.length) return null;
  const width = 100 / bars.length;
  const bar = over === null ? null : bars[over];
  const ticks = [0, 0.25, 0.5, 0.75].map((part) => Math.floor(part * bars.length));
  const format = (time: string) => (bars[0].seconds * bars.length > 86400 * 2 ? clock(time).slice(5, 16) : clock(time).slice(11, 16));
  return (
    <div className="histogram">
      <div className={onSpan ? 'bars drag' : 'bars'} ref={box} role="img" aria-label={say('bars_about', { n: bars.length, most: number(most) })}
        onPointerDown={(event) => { if (onSpan) { box.current!.setPointerCapture(event.pointerId); setSpan([at(event), at(event)]); } }}
        onPointerMove={(event) => { const i = at(event); setOver(i); if (span) setSpan([span[0], i]); }}
        onPointerUp={end} onPointerLeave={() => { if (!span) setOver(null); }}>
        <svg viewBox={`0 0 100 ${HEIGHT}`} preserveAspectRatio="none" height={HEIGHT} width="100%">
          <line x1="0" x2="100" y1="0.500" y2="0.500" className="grid" vectorEffect="non-scaling-stroke" />
          <line x1="0" x2="100" y1={HEIGHT / 2} y2={HEIGHT / 2} className="grid" vectorEffect="non-scaling-stroke" />
          {bars.map((one, i) => {
            const h = one.count ? Math.max(1.5, (one.count / most) * (HEIGHT - 4)) : 0;
            return <rect key={one.time} x={i * width + width * 0.08} width={width * 0.84} y={HEIGHT - h} height={h}
              className={i === over ? 'on' : ''} fill={colour} />;
          })}
          {span && <rect x={Math.min(...span) * width} width={(Math.abs(span[1] - span[0]) + 1) * width} y="0" height={HEIGHT} className="span" />}
        </svg>
        <span className="most">{number(most)}</span>
        {bar && (
          <div className={over! > bars.length * 0.6 ? 'tip left' : 'tip'} ref={(tip) => { if (tip) tip.style.left = `${(over! + 0.5) * width}%`; }}>
            <b>{number(bar.count)}</b> {clock(bar.time)} · {length(say, bar.seconds)}
          </div>
        )}
      </div>
      <div className="axis" aria-hidden="true">
        {ticks.map((i) => <span key={i}>{format(bars[i].time)}</span>)}
        <span>{format(bars[bars.length - 1].time)}</span>
      </div>
    </div>
  );
}
