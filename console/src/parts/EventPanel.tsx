// One event beside the list: its line as it came, and every field, from each of which one can go on asking.
import { Button, Input, Tooltip } from 'antd';
import { useEffect, useState } from 'react';
import { useAsk } from '../api/use';
import type { Event } from '../api/types';
import { known } from '../lang/fields';
import { useSay, useSettings } from '../settings';
import { Glyph } from './Glyph';
import { Failed } from './Said';
import { textOf, Value } from './Value';
import { clock } from './time';

const order = ['@timestamp', 'rule.', 'gov.', 'host.', 'user.', 'source.', 'destination.', 'network.', 'process.', 'file.', 'url.', 'http.', 'event.'];
const rank = (name: string) => {
  const at = order.findIndex((begin) => name.startsWith(begin));
  return at < 0 ? order.length : at;
};

export function FieldList({ event, filter = '', onPivot, columns, onColumn }: {
  event: Event; filter?: string; onPivot?: (field: string, value: unknown, out: boolean) => void; columns?: string[]; onColumn?: (name: string) => void;
}) {
  const say = useSay();
  const { language } = useSettings();
  const asked = filter.trim().toLowerCase();
  const names = Object.keys(event).filter((name) => name !== 'event.original' && name !== 'message')
    .filter((name) => !asked || name.toLowerCase().includes(asked) || textOf(event[name]).toLowerCase().includes(asked) || (known[name] ?? '').includes(asked))
    .sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
  return (
    <dl className="field-list">
      {names.map((name) => [
        <dt key={`${name} name`} title={name}>
          <span className="code">{name}</span>{language === 'zh' && known[name] && <small>{known[name]}</small>}
        </dt>,
        <dd key={name}>
          {(Array.isArray(event[name]) ? (event[name] as unknown[]) : [event[name]]).map((value, i) => <Value key={i} field={name} value={value} onPivot={onPivot} />)}
          {onColumn && (
            <button type="button" className="field-add" aria-pressed={columns?.includes(name)} aria-label={say('column_toggle', { name })} title={say('column_toggle', { name })} onClick={() => onColumn(name)}>
              <Glyph name={columns?.includes(name) ? 'check' : 'columns'} size={13} />
            </button>
          )}
        </dd>,
      ])}
    </dl>
  );
}

export function EventPanel({ id, inside, known: listed, onPivot, onClose, columns, onColumn }: {
  id: string; inside: string; known?: Event; onPivot(field: string, value: unknown, out: boolean): void; onClose(): void;
  columns: string[]; onColumn(name: string): void;
}) {
  const say = useSay();
  const asked = useAsk<Event>(listed ? null : `/${inside}/${encodeURIComponent(id)}`);
  const [filter, setFilter] = useState('');
  const event = listed ?? asked.data;
  useEffect(() => {
    const press = (key: KeyboardEvent) => key.key === 'Escape' && onClose();
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, [onClose]);
  const line = event && textOf(event['event.original'] ?? event.message);
  return (
    <aside className="event" aria-label={say('event')}>
      <header>
        <div>
          <b>{say(inside === 'alerts' ? 'alert' : 'event')}</b>
          {event && <span className="time">{clock(event['@timestamp'] ?? event['event.ingested'], true)}</span>}
        </div>
        <Tooltip title={say('close')}><Button type="text" size="small" aria-label={say('close')} icon={<Glyph name="close" />} onClick={onClose} /></Tooltip>
      </header>
      {asked.refused && !event && <Failed refused={asked.refused} again={asked.again} />}
      {event && (
        <div className="event-body">
          {line && <pre className="line">{line}</pre>}
          <Input size="small" allowClear value={filter} onChange={(change) => setFilter(change.target.value)} placeholder={say('event_filter')}
            aria-label={say('event_filter')} prefix={<Glyph name="filter" size={13} />} />
          <FieldList event={event} filter={filter} onPivot={onPivot} columns={columns} onColumn={onColumn} />
        </div>
      )}
    </aside>
  );
}
