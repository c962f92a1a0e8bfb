// Triage: which rules speak, one of their alerts and why it fired, and what else is known about who was in it.
import { Button, Input, Segmented, Tag, type InputRef } from 'antd';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useNavigate, useSearchParams } from 'react-router-dom';
import { query } from '../api/client';
import type { Event, Found } from '../api/types';
import { useAsk } from '../api/use';
import { FieldList } from '../parts/EventPanel';
import { Glyph } from '../parts/Glyph';
import { Histogram } from '../parts/Histogram';
import { isLevel, Level, levels } from '../parts/Level';
import { Failed, Nothing } from '../parts/Said';
import { TimeRange } from '../parts/TimeRange';
import { textOf, Value } from '../parts/Value';
import { condition, narrowed, searchPath } from '../parts/pivot';
import { ago, clock, number } from '../parts/time';
import { useSay, useSettings } from '../settings';
import type { Word } from '../lang/words';

const groupings = { rule: 'rule.id', unit: 'gov.unit', host: 'host.name', source: 'source.ip' } as const;
type Grouping = keyof typeof groupings;
const shown = 'rule.id,rule.name,rule.name_zh,rule.level,@timestamp,gov.unit,gov.owner,gov.asset,host.name,user.name,source.ip,alert.count,alert.merged';

interface Group { key: string; value: unknown; title: string; level?: string; count: number }

function useTitle() {
  const { language } = useSettings();
  return useCallback((event: Event | Record<string, unknown>) =>
    textOf((language === 'zh' && event['rule.name_zh']) || event['rule.name'] || event['rule.id']), [language]);
}

function groupsOf(found: Found | undefined, grouping: Grouping, title: (row: Record<string, unknown>) => string, none: string): Group[] {
  const field = groupings[grouping];
  const groups = new Map<string, Group>();
  for (const row of found?.by ?? []) {
    const value = row[field];
    const key = textOf(value);
    const level = textOf(row['rule.level']);
    const group = groups.get(key);
    if (!group) groups.set(key, { key, value, title: grouping === 'rule' ? title(row) : key || none, level, count: row.count });
    else {
      group.count += row.count;
      if (isLevel(level) && (!isLevel(group.level) || levels.indexOf(level) < levels.indexOf(group.level))) group.level = level;
    }
  }
  const rank = (group: Group) => (isLevel(group.level) ? levels.indexOf(group.level) : levels.length);
  return [...groups.values()].sort((a, b) => rank(a) - rank(b) || b.count - a.count);
}

function Why({ alert }: { alert: Event }) {
  const say = useSay();
  const reference = textOf(alert['rule.reference']);
  const technique = Object.keys(alert).filter((name) => name.startsWith('threat.'));
  return (
    <section className="why">
      <h3>{say('why_fired')}</h3>
      <p className="reason">{textOf(alert['event.reason'] ?? alert.message) || say('no_reason')}</p>
      {!!technique.length && <div className="tags">{technique.map((name) => <Tag key={name} bordered={false}>{textOf(alert[name])}</Tag>)}</div>}
      <dl className="inline">
        <dt>{say('hits')}</dt><dd>{number(Number(alert['alert.count'] ?? 1))}</dd>
        {alert['alert.merged'] !== undefined && <><dt>{say('merged')}</dt><dd>{number(Number(alert['alert.merged']))}</dd></>}
        {alert['event.start'] !== undefined && <><dt>{say('from_to')}</dt><dd>{clock(alert['event.start'])} – {clock(alert['event.end']).slice(11)}</dd></>}
        <dt>{say('rule_author')}</dt><dd>{textOf(alert['rule.author']) || '—'}</dd>
        {reference && <><dt>{say('rule_reference')}</dt><dd className="code cut" title={reference}>{reference}</dd></>}
      </dl>
    </section>
  );
}

function Evidence({ alert }: { alert: Event }) {
  const say = useSay();
  const navigate = useNavigate();
  const ids = (Array.isArray(alert['alert.events']) ? alert['alert.events'] as string[] : alert['alert.events'] ? String(alert['alert.events']).split(/[,\s]+/) : []).slice(0, 20);
  const q = ids.length ? `event.id:(${ids.map((id) => `"${id}"`).join(' or ')})` : '';
  const { data, refused, again } = useAsk<Found>(q ? `/search${query({ q, limit: 20 })}` : null);
  const [open, setOpen] = useState(0);
  useEffect(() => setOpen(0), [q]);
  if (!ids.length) return null;
  return (
    <section>
      <header><h3>{say('evidence', { n: ids.length })}</h3><Button type="link" size="small" onClick={() => navigate(searchPath(q, 'now-180d'))}>{say('open_in_search')}</Button></header>
      {refused && <Failed refused={refused} again={again} />}
      {data && !data.events?.length && <p className="quiet">{say('evidence_gone')}</p>}
      <ol className="evidence">
        {(data?.events ?? []).map((event, i) => (
          <li key={String(event['event.id'])}>
            <button type="button" aria-expanded={open === i} onClick={() => setOpen(open === i ? -1 : i)}>
              <Glyph name={open === i ? 'down' : 'right'} size={13} /><span className="time">{clock(event['@timestamp'], true)}</span>
              <span className="code cut">{textOf(event.message ?? event['event.original'])}</span>
            </button>
            {open === i && (
              <div className="evidence-open">
                <pre className="line">{textOf(event['event.original'] ?? event.message)}</pre>
                <FieldList event={event} />
              </div>
            )}
          </li>
        ))}
      </ol>
    </section>
  );
}

function Whose({ alert }: { alert: Event }) {
  const say = useSay();
  const rows: [Word, string][] = [['unit', 'gov.unit'], ['owner', 'gov.owner'], ['asset', 'gov.asset'], ['plane', 'gov.plane'], ['host', 'host.name'], ['account', 'user.name'], ['source', 'source.ip'], ['destination', 'destination.ip']];
  const known = rows.filter(([, field]) => alert[field] !== undefined);
  return (
    <section>
      <h3>{say('whose')}</h3>
      <dl className="whose">
        {known.map(([word, field]) => [<dt key={word}>{say(word)}</dt>, <dd key={field}><Value field={field} value={alert[field]} /></dd>])}
      </dl>
      {alert['gov.unit'] === undefined && <p className="quiet">{say('nobodys')}</p>}
    </section>
  );
}

function Around({ alert }: { alert: Event }) {
  const say = useSay();
  const navigate = useNavigate();
  const title = useTitle();
  const entities = ['source.ip', 'host.name', 'user.name'].filter((field) => alert[field] !== undefined);
  const [chosen, setChosen] = useState(entities[0]);
  const field = entities.includes(chosen) ? chosen : entities[0];
  const value = field && (Array.isArray(alert[field]) ? (alert[field] as unknown[])[0] : alert[field]);
  const q = field ? condition(field, value) : '';
  const alerts = useAsk<Found>(q ? `/search${query({ q, in: 'alerts', from: 'now-7d', by: 'rule.id,rule.level,rule.name,rule.name_zh', limit: 8 })}` : null);
  const events = useAsk<Found>(q ? `/search${query({ q, from: 'now-24h', count: true, histogram: 48 })}` : null);
  if (!field) return null;
  return (
    <section>
      <h3>{say('around')}</h3>
      {entities.length > 1 && (
        <Segmented size="small" value={field} onChange={(next) => setChosen(String(next))} block
          options={entities.map((one) => ({ value: one, label: say(one === 'source.ip' ? 'source' : one === 'host.name' ? 'host' : 'account') }))} />
      )}
      <p className="quiet code cut" title={textOf(value)}>{textOf(value)}</p>
      {events.refused && <Failed refused={events.refused} again={events.again} />}
      {events.data && (
        <>
          <div className="around-head"><span>{say('its_events_24h')}</span>
            <Button type="link" size="small" onClick={() => navigate(searchPath(q))}>{number(events.data.total ?? 0)}</Button></div>
          {!!events.data.total && <Histogram bars={events.data.histogram ?? []} onSpan={(from, to) => navigate(`/search?${new URLSearchParams({ q, from, to })}`)} />}
        </>
      )}
      {alerts.refused && <Failed refused={alerts.refused} again={alerts.again} />}
      {alerts.data && (
        <>
          <div className="around-head"><span>{say('its_alerts_7d')}</span>
            <Button type="link" size="small" onClick={() => navigate(searchPath(q, 'now-7d', 'alerts'))}>{number(alerts.data.total ?? 0)}</Button></div>
          <ul className="rules">
            {(alerts.data.by ?? []).map((row) => (
              <li key={`${row['rule.id']}`}><Level of={row['rule.level']} /><span className="cut" title={title(row)}>{title(row)}</span><small>{number(row.count)}</small></li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

export default function Alerts() {
  const say = useSay();
  const title = useTitle();
  const navigate = useNavigate();
  const [params, setParams] = useSearchParams();
  const grouping: Grouping = (params.get('by') as Grouping) in groupings ? (params.get('by') as Grouping) : 'rule';
  const from = params.get('from') ?? 'now-24h';
  const to = params.get('to') ?? '';
  const asked = (params.get('level') ?? '').split(',').filter(isLevel);
  const words = params.get('q') ?? '';
  const filter = useRef<InputRef>(null);
  const list = useRef<HTMLDivElement>(null);

  const change = useCallback((values: Record<string, string | null>) => {
    setParams((before) => {
      const next = new URLSearchParams(before);
      for (const [name, value] of Object.entries(values)) {
        if (value === null || value === '') next.delete(name);
        else next.set(name, value);
      }
      return next;
    }, { replace: true });
  }, [setParams]);

  const base = useMemo(() => [words && `(${words})`, asked.length && `rule.level:(${asked.join(' or ')})`].filter(Boolean).join(' and '), [words, asked.join()]); // eslint-disable-line
  const by = grouping === 'rule' ? 'rule.id,rule.level,rule.name,rule.name_zh' : `${groupings[grouping]},rule.level`;
  const counted = useAsk<Found>(`/search${query({ q: base, in: 'alerts', from, to, by, limit: 300 })}`, 30000);
  const groups = useMemo(() => groupsOf(counted.data, grouping, title, say('nobody')), [counted.data, grouping, title, say]);
  const chosen = groups.find((group) => group.key === params.get('group')) ?? groups[0];

  const inside = chosen ? narrowed(base, groupings[grouping], chosen.value ?? '', false) : '';
  const members = useAsk<Found>(chosen ? `/search${query({ q: inside, in: 'alerts', from, to, limit: 200, fields: shown })}` : null, 30000);
  const alerts = members.data?.events ?? [];
  const id = params.get('id') && alerts.some((alert) => alert['event.id'] === params.get('id')) ? params.get('id')! : textOf(alerts[0]?.['event.id']);
  const one = useAsk<Event>(id ? `/alerts/${encodeURIComponent(id)}` : null);
  const alert = one.data;

  const step = useCallback((by: number) => {
    const at = alerts.findIndex((one) => one['event.id'] === id);
    const next = at + by;
    if (next >= 0 && next < alerts.length) change({ id: textOf(alerts[next]['event.id']), group: chosen.key });
    else {
      const group = groups[groups.findIndex((one) => one.key === chosen?.key) + by];
      if (group) change({ group: group.key, id: null });
    }
  }, [alerts, id, groups, chosen, change]);

  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.metaKey || event.ctrlKey || event.altKey || (event.target instanceof HTMLElement && /^(INPUT|TEXTAREA)$/.test(event.target.tagName))) return;
      if (event.key === 'j') step(1);
      else if (event.key === 'k') step(-1);
      else if (event.key === 'e' && alert) navigate(searchPath(inside, from, 'alerts'));
      else if (event.key === '/') { event.preventDefault(); filter.current?.focus(); }
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, [step, alert, inside, from, navigate]);

  useEffect(() => {
    list.current?.querySelector('.queue-alert.on')?.scrollIntoView({ block: 'nearest' });
  }, [id, alerts.length]);

  return (
    <div className="triage">
      <header className="triage-head">
        <Segmented value={grouping} aria-label={say('group_by')} onChange={(value) => change({ by: value === 'rule' ? null : String(value), group: null, id: null })}
          options={[{ value: 'rule', label: say('by_rule') }, { value: 'unit', label: say('by_unit') }, { value: 'host', label: say('by_host') }, { value: 'source', label: say('by_source') }]} />
        <div className="level-choice" role="group" aria-label={say('level')}>
          {levels.map((level) => {
            const on = asked.includes(level);
            return (
              <button type="button" key={level} aria-pressed={on} className={`level ${level}${on || !asked.length ? '' : ' off'}`}
                onClick={() => change({ level: (on ? asked.filter((one) => one !== level) : [...asked, level]).join(',') || null, group: null, id: null })}>
                {say(`level_${level}` as Word)}
              </button>
            );
          })}
        </div>
        <Input ref={filter} allowClear className="triage-filter code" placeholder={say('alerts_filter')} defaultValue={words} key={words} aria-label={say('alerts_filter')}
          prefix={<Glyph name="filter" size={14} />} onPressEnter={(event) => { change({ q: event.currentTarget.value, group: null, id: null }); event.currentTarget.blur(); }}
          onChange={(event) => !event.target.value && words && change({ q: null, group: null, id: null })} />
        <TimeRange from={from} to={to} onChange={(a, b) => change({ from: a === 'now-24h' ? null : a, to: b || null, group: null, id: null })} />
      </header>
      {counted.refused && !counted.data && <Failed refused={counted.refused} again={counted.again} />}
      {counted.data && !groups.length && (
        <Nothing glyph="check" title={say('no_alerts')} action={from !== 'now-30d' ? <Button onClick={() => change({ from: 'now-30d', to: null, level: null, q: null })}>{say('look_30_days')}</Button> : undefined}>
          {say('no_alerts_about')}
        </Nothing>
      )}
      {!!groups.length && (
        <div className="panes">
          <div className="queue" ref={list} aria-label={say('queue')}>
            <div className="pane-head">{say('queue_about', { groups: number(groups.length), n: number(groups.reduce((n, group) => n + group.count, 0)) })}</div>
            {groups.map((group) => (
              <div key={group.key} className={group.key === chosen?.key ? 'queue-group on' : 'queue-group'}>
                <button type="button" className="queue-head" aria-expanded={group.key === chosen?.key} onClick={() => change({ group: group.key, id: null })}>
                  <i className={`stripe ${group.level}`} /><span className="queue-title" title={group.title}>{group.title}</span>
                  <Level of={group.level} /><b>{number(group.count)}</b>
                </button>
                {group.key === chosen?.key && (
                  <ol>
                    {members.refused && <li><Failed refused={members.refused} again={members.again} /></li>}
                    {alerts.map((one) => (
                      <li key={String(one['event.id'])}>
                        <button type="button" className={one['event.id'] === id ? 'queue-alert on' : 'queue-alert'} aria-current={one['event.id'] === id}
                          onClick={() => change({ group: group.key, id: textOf(one['event.id']) })}>
                          <span className="time" title={clock(one['@timestamp'], true)}>{ago(say, one['@timestamp'])}</span>
                          <span className="cut">{grouping === 'rule' ? textOf(one['gov.asset'] ?? one['host.name'] ?? one['source.ip']) || '—' : title(one)}</span>
                          <small className="cut">{grouping === 'rule' ? textOf(one['gov.unit'] ?? one['user.name']) : textOf(one['host.name'] ?? one['source.ip'])}</small>
                        </button>
                      </li>
                    ))}
                    {(members.data?.total ?? 0) > alerts.length && (
                      <li><Button type="link" size="small" onClick={() => navigate(searchPath(inside, from, 'alerts'))}>{say('rest_in_search', { n: number((members.data?.total ?? 0) - alerts.length) })}</Button></li>
                    )}
                  </ol>
                )}
              </div>
            ))}
          </div>
          <article className="alert" aria-label={say('alert')} aria-busy={one.busy}>
            {one.refused && !alert && <Failed refused={one.refused} again={one.again} />}
            {alert && (
              <>
                <header className="alert-head">
                  <div><Level of={alert['rule.level']} /><span className="time">{clock(alert['@timestamp'], true)}</span></div>
                  <h2>{title(alert)}</h2>
                  <div className="alert-tools">
                    <Button size="small" icon={<Glyph name="search" size={14} />} onClick={() => navigate(searchPath(inside, from, 'alerts'))}>{say('open_in_search')}</Button>
                    <span className="quiet"><kbd>j</kbd> <kbd>k</kbd> {say('next_previous')}</span>
                  </div>
                </header>
                <Why alert={alert} />
                <Evidence alert={alert} />
                <section><h3>{say('all_fields')}</h3><FieldList event={alert} /></section>
              </>
            )}
          </article>
          <aside className="context" aria-label={say('context')}>
            {alert && <Whose alert={alert} />}
            {alert && <Around alert={alert} />}
          </aside>
        </div>
      )}
    </div>
  );
}
