// From when to when: what people mostly want with one click, exact times beside it.
import { Button, DatePicker, Popover } from 'antd';
import dayjs from 'dayjs';
import { useState } from 'react';
import { useSay } from '../settings';
import type { Word } from '../lang/words';
import { Glyph } from './Glyph';
import { clock } from './time';

const quick: [string, Word][] = [['now-15m', 'last_15m'], ['now-1h', 'last_1h'], ['now-4h', 'last_4h'], ['now-24h', 'last_24h'], ['today', 'today'],
  ['now-7d', 'last_7d'], ['now-30d', 'last_30d'], ['now-180d', 'last_180d']];

export function TimeRange({ from, to, onChange, disabled }: { from: string; to: string; disabled?: boolean; onChange(from: string, to: string): void }) {
  const say = useSay();
  const [open, setOpen] = useState(false);
  const preset = !to && quick.find(([value]) => value === from);
  const text = preset ? say(preset[1]) : `${clock(from).slice(5, 16) || from} – ${to ? clock(to).slice(5, 16) || to : say('now')}`;
  const choose = (a: string, b = '') => {
    setOpen(false);
    onChange(a, b);
  };
  return (
    <Popover trigger="click" open={open} onOpenChange={setOpen} placement="bottomRight" arrow={false} content={(
      <div className="range">
        <div className="range-quick">
          {quick.map(([value, word]) => (
            <Button key={value} size="small" type={preset && preset[0] === value ? 'primary' : 'text'} onClick={() => choose(value)}>{say(word)}</Button>
          ))}
        </div>
        <DatePicker.RangePicker showTime format="YYYY-MM-DD HH:mm:ss"
          defaultValue={to && dayjs(from).isValid() ? [dayjs(from), dayjs(to)] : undefined}
          onChange={(dates) => dates?.[0] && dates[1] && choose(dates[0].toISOString(), dates[1].toISOString())} />
      </div>
    )}>
      <Button disabled={disabled} icon={<Glyph name="clock" />} className="range-button">{text}</Button>
    </Popover>
  );
}
