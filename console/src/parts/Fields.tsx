// The fields of what was found: which there are, how often, and the most frequent values of one over the whole span.
import { Input } from 'antd';
import { useMemo, useState } from 'react';
import { query } from '../api/client';
import { useAsk } from '../api/use';
import type { Event, Found } from '../api/types';
import { known } from '../lang/fields';
import { useSay, useSettings } from '../settings';
import { Glyph } from './Glyph';
import { why } from './Said';
import { textOf } from './Value';
import { number } from './time';

const first = ['rule.level', 'rule.name', 'event.dataset', 'gov.unit', 'gov.owner', 'gov.asset', 'gov.plane', 'gov.source', 'host.name', 'source.ip',
  'destination.ip', 'destination.port', 'user.name', 'event.action', 'event.outcome', 'process.name'];
const hidden = new Set(['@timestamp', 'event.id', 'event.ingested', 'event.original', 'message', 'event.start', 'event.end']);

function Top({ field, q, inside, from, to, onPivot }:
{ field: string; q: string; inside: string; from: string; to: string; onPivot(field: string, value: unknown, out: boolean): void }) {
  const say = useSay();
  const { data, refused, busy } = useAsk<Found>(`/search${query({ q, in: inside, from, to, by: field, limit: 8 })}`);
  if (busy && !data) return <div className="top loading" />;
  if (refused) return <div className="top"><small>{why(say, refused)}</small></div>;
  const rows = data?.by ?? [];
  const most = Math.max(1, ...rows.map((row) => row.count));
  return (
    <ul className="top">
      {rows.map((row) => {
        const value = row[field];
        const text = textOf(value) || say('empty_value');
        return (
          <li key={text}>
            <svg viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true"><rect width={(row.count / most) * 100} height="1" /></svg>
            <span className="cut code" title={text}>{text}</span>
            <small>{number(row.count)}</small>
            <button type="button" aria-label={say('only_with_value', { value: text })} title={say('only_with')} onClick={() => onPivot(field, value, false)}><Glyph name="plus" size={13} /></button>
            <button type="button" aria-label={say('without_value', { value: text })} title={say('without_it')} onClick={() => onPivot(field, value, true)}><Glyph name="minus" size={13} /></button>
          </li>
        );
      })}
      {!rows.length && <li className="none">{say('no_values')}</li>}
    </ul>
  );
}

export function Fields({ events, columns, inside, q, from, to, live, onPivot, onColumns }: {
  events: Event[]; columns: string[]; inside: string; q: string; from: string; to: string; live: boolean;
  onPivot(field: string, value: unknown, out: boolean): void; onColumns(columns: string[]): void;
}) {
  const say = useSay();
  const { language } = useSettings();
  const [filter, setFilter] = useState('');
  const [open, setOpen] = useState<string | null>(null);
  const names = useMemo(() => {
    const counts = new Map<string, number>();
    for (const event of events.slice(0, 200)) for (const name of Object.keys(event)) if (!hidden.has(name)) counts.set(name, (counts.get(name) ?? 0) + 1);
    const rank = (name: string) => (first.indexOf(name) + 1 || 99);
    return [...counts].sort((a, b) => rank(a[0]) - rank(b[0]) || b[1] - a[1] || a[0].localeCompare(b[0])).map(([name]) => name);
  }, [events]);
  const asked = filter.trim().toLowerCase();
  const shown = names.filter((name) => !asked || name.toLowerCase().includes(asked) || (known[name] ?? '').includes(asked));
  return (
    <aside className="fields" aria-label={say('fields')}>
      <Input size="small" allowClear placeholder={say('fields_filter', { n: names.length })} value={filter} onChange={(event) => setFilter(event.target.value)}
        prefix={<Glyph name="filter" size={13} />} aria-label={say('fields')} />
      <ul>
        {shown.map((name) => (
          <li key={name} className={open === name ? 'on' : ''}>
            <div className="field">
              <button type="button" className="field-name" aria-expanded={open === name} onClick={() => setOpen(open === name ? null : name)}
                title={language === 'zh' && known[name] ? `${known[name]} · ${name}` : name}>
                <span className="code cut">{name}</span>
                {language === 'zh' && known[name] && <small className="cut">{known[name]}</small>}
              </button>
              <button type="button" className="field-add" aria-pressed={columns.includes(name)} aria-label={say('column_toggle', { name })} title={say('column_toggle', { name })}
                onClick={() => onColumns(columns.includes(name) ? columns.filter((one) => one !== name) : [...columns, name])}>
                <Glyph name={columns.includes(name) ? 'check' : 'columns'} size={13} />
              </button>
            </div>
            {open === name && !live && <Top field={name} q={q} inside={inside} from={from} to={to} onPivot={onPivot} />}
          </li>
        ))}
      </ul>
    </aside>
  );
}
