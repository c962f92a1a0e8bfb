// Search: ask, see when, narrow down, open. The address bar holds the whole state, so any view can be sent as a link.
import { App, Button, Dropdown, Select, Table, Tooltip, type InputRef } from 'antd';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useSearchParams } from 'react-router-dom';
import { ask, query, Refused } from '../api/client';
import type { Event, Found } from '../api/types';
import { EventPanel } from '../parts/EventPanel';
import { Fields } from '../parts/Fields';
import { Glyph } from '../parts/Glyph';
import { Histogram } from '../parts/Histogram';
import { Level } from '../parts/Level';
import { QueryBar } from '../parts/QueryBar';
import { Failed, Nothing } from '../parts/Said';
import { TimeRange } from '../parts/TimeRange';
import { textOf } from '../parts/Value';
import { narrowed } from '../parts/pivot';
import { clock, number } from '../parts/time';
import { useSize } from '../parts/useSize';
import { useSay, useSettings } from '../settings';

const presets: Record<'events' | 'alerts', string[]> = {
  events: ['event.dataset', 'gov.unit', 'host.name', 'source.ip', 'message'],
  alerts: ['rule.level', 'rule.name', 'gov.unit', 'gov.owner', 'host.name', 'source.ip', 'alert.count'],
};
const widths: Record<string, number> = { 'event.dataset': 150, 'gov.unit': 150, 'gov.owner': 100, 'host.name': 140, 'source.ip': 140, 'destination.ip': 140,
  'rule.level': 84, 'rule.name': 320, 'user.name': 120, 'alert.count': 90 };
const KEPT = 1000; // of the live view

function useLive(on: boolean, q: string, inside: string, take: (events: Event[], dropped: number) => void) {
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    setFailed(false);
    if (!on) return undefined;
    const source = new EventSource(`/api/v1/tail${query({ q, in: inside })}`);
    let waiting: Event[] = [];
    let dropped = 0;
    source.onmessage = (event) => waiting.push(JSON.parse(event.data));
    source.addEventListener('dropped', (event) => { dropped += JSON.parse((event as MessageEvent).data).events; });
    source.onerror = () => setFailed(source.readyState === EventSource.CLOSED);
    const timer = setInterval(() => {
      if (!waiting.length && !dropped) return;
      take(waiting.reverse(), dropped);
      waiting = [];
      dropped = 0;
    }, 400); // one drawing for many events
    return () => {
      clearInterval(timer);
      source.close();
    };
  }, [on, q, inside, take]);
  return failed;
}

export default function Search() {
  const say = useSay();
  const { language } = useSettings();
  const { message } = App.useApp();
  const [params, setParams] = useSearchParams();
  const q = params.get('q') ?? '';
  const inside = params.get('in') === 'alerts' ? 'alerts' : 'events';
  const from = params.get('from') ?? 'now-24h';
  const to = params.get('to') ?? '';
  const live = params.get('live') === '1';
  const openId = params.get('id');
  const columns = useMemo(() => (params.get('cols') ? params.get('cols')!.split(',') : presets[inside]), [params, inside]);

  const [found, setFound] = useState<Found>();
  const [events, setEvents] = useState<Event[]>([]);
  const [refused, setRefused] = useState<Refused>();
  const [busy, setBusy] = useState(false);
  const [more, setMore] = useState(false);
  const [turn, setTurn] = useState(0);
  const [received, setReceived] = useState({ n: 0, dropped: 0 });
  const bar = useRef<InputRef>(null);
  const [box, size] = useSize<HTMLDivElement>();

  const change = useCallback((values: Record<string, string | null>, keep = false) => {
    setParams((before) => {
      const next = new URLSearchParams(before);
      for (const [name, value] of Object.entries(values)) {
        if (value === null || value === '') next.delete(name);
        else next.set(name, value);
      }
      return next;
    }, { replace: keep });
  }, [setParams]);

  useEffect(() => {
    if (live) {
      setEvents([]);
      setFound(undefined);
      setRefused(undefined);
      setReceived({ n: 0, dropped: 0 });
      return undefined;
    }
    const end = new AbortController();
    setBusy(true);
    ask<Found>(`/search${query({ q, in: inside, from, to, limit: 100, histogram: 90 })}`, { signal: end.signal }).then(
      (answer) => {
        setFound(answer);
        setEvents(answer.events ?? []);
        setRefused(undefined);
        setBusy(false);
      },
      (why) => {
        if (end.signal.aborted) return;
        setRefused(why as Refused);
        setBusy(false);
      },
    );
    return () => end.abort();
  }, [q, inside, from, to, live, turn]);

  const take = useCallback((arrived: Event[], dropped: number) => {
    setEvents((before) => [...arrived, ...before].slice(0, KEPT));
    setReceived((before) => ({ n: before.n + arrived.length, dropped: before.dropped + dropped }));
  }, []);
  const liveFailed = useLive(live, q, inside, take);

  const fetchMore = async () => {
    if (!found?.cursor || more) return;
    setMore(true);
    try {
      const next = await ask<Found>(`/search${query({ q, in: inside, from, to, limit: 100, cursor: found.cursor })}`);
      setEvents((before) => [...before, ...(next.events ?? [])]);
      setFound({ ...found, cursor: next.cursor });
    } catch (why) {
      message.error((why as Refused).message || say('away'));
    }
    setMore(false);
  };

  const pivot = useCallback((field: string, value: unknown, out: boolean) => {
    change({ q: narrowed(q, field, value, out) });
  }, [q, change]);

  const badQuery = refused?.code === 'bad_query' ? refused : undefined;
  const open = events.find((event) => event['event.id'] === openId);

  const cells = useMemo(() => [
    {
      title: say('time'), key: '@timestamp', width: 186, fixed: 'left' as const,
      render: (_: unknown, event: Event) => <span className="time">{clock(event['@timestamp'] ?? event['event.ingested'], true)}</span>,
    },
    ...columns.map((name) => ({
      title: <Tooltip title={name} mouseEnterDelay={0.6}><span className="code">{name}</span></Tooltip>,
      key: name,
      width: widths[name] ?? (name === 'message' ? undefined : 160),
      ellipsis: true,
      render: (_: unknown, event: Event) => {
        if (name === 'rule.level') return <Level of={event[name]} />;
        if (name === 'rule.name') return String((language === 'zh' && event['rule.name_zh']) || event[name] || '—');
        if (name === 'message') return <span className="code">{textOf(event.message ?? event['event.original'] ?? event['event.reason'])}</span>;
        const text = textOf(event[name]);
        return text ? <span className={name.startsWith('gov.') ? '' : 'code'}>{text}</span> : <span className="none">—</span>;
      },
    })),
  ], [columns, say, language]);

  return (
    <div className="search">
      <div className="ask">
        <Select value={inside} aria-label={say('search_in')} onChange={(value) => change({ in: value === 'alerts' ? value : null, cols: null, id: null })}
          options={[{ value: 'events', label: say('events') }, { value: 'alerts', label: say('alerts') }]} popupMatchSelectWidth={false} />
        <QueryBar ref={bar} value={q} refused={badQuery} onAsk={(text) => { if (text === q) setTurn((n) => n + 1); change({ q: text, id: null }); }} />
        <TimeRange from={from} to={to} disabled={live} onChange={(a, b) => change({ from: a === 'now-24h' ? null : a, to: b || null })} />
        <Button type={live ? 'primary' : 'default'} icon={<Glyph name={live ? 'stop' : 'live'} />} onClick={() => change({ live: live ? null : '1', id: null })}>
          {say(live ? 'stop' : 'live')}
        </Button>
        <Button icon={<Glyph name="refresh" />} aria-label={say('again')} disabled={live} loading={busy} onClick={() => setTurn((n) => n + 1)} />
      </div>
      <div className="search-body">
        <Fields events={events} columns={columns} inside={inside} q={q} from={from} to={to} live={live} onPivot={pivot}
          onColumns={(next) => change({ cols: next.join(',') === presets[inside].join(',') ? null : next.join(',') }, true)} />
        <section className="results" aria-busy={busy}>
          <div className="results-head">
            <span role="status">
              {live ? say('live_received', { n: number(received.n) }) + (received.dropped ? say('live_dropped', { n: number(received.dropped) }) : '')
                : found && !refused ? say('found', { n: number(found.total ?? 0), ms: found.took_ms }) : ''}
            </span>
            <Dropdown trigger={['click']} menu={{ items: [{ key: 'preset', label: say('columns_preset'), onClick: () => change({ cols: null }, true) },
              { type: 'divider' },
              ...columns.map((name) => ({ key: name, label: <span className="code">{name}</span>, icon: <Glyph name="close" size={12} />,
                onClick: () => change({ cols: columns.filter((one) => one !== name).join(',') || 'message' }, true) }))] }}>
              <Button size="small" type="text" icon={<Glyph name="columns" />}>{say('columns')}</Button>
            </Dropdown>
          </div>
          {!live && !refused && found?.histogram && <Histogram bars={found.histogram} onSpan={(a, b) => change({ from: a, to: b })} />}
          {refused && !badQuery && <Failed refused={refused} again={() => setTurn((n) => n + 1)} />}
          {liveFailed && <Failed refused={new Refused(0, 'away', '')} again={() => change({ live: null })} />}
          {!refused && !busy && !events.length && found && !live && (
            <Nothing glyph="search" title={say('nothing_found')}
              action={from !== 'now-30d' ? <Button onClick={() => change({ from: 'now-30d', to: null })}>{say('look_30_days')}</Button> : undefined}>
              {say('nothing_found_about')}
            </Nothing>
          )}
          {live && !events.length && !liveFailed && <Nothing glyph="live" title={say('live_waits')}>{say('live_waits_about')}</Nothing>}
          {!refused && events.length > 0 && (
            <div className="grow" ref={box}>
              {size.height > 60 && (
                <Table<Event> virtual size="small" rowKey={(event) => String(event['event.id'])} columns={cells} dataSource={events} pagination={false}
                  scroll={{ y: size.height - 40, x: Math.max(size.width - 2, 186 + columns.reduce((n, name) => n + (widths[name] ?? (name === 'message' ? 420 : 160)), 0)) }}
                  rowClassName={(event) => (event['event.id'] === openId ? 'row on' : 'row')}
                  onRow={(event) => ({ onClick: () => change({ id: event['event.id'] === openId ? null : String(event['event.id']) }, true) })}
                  onScroll={(event) => {
                    const at = event.currentTarget as HTMLElement | undefined;
                    if (at && at.scrollHeight - at.scrollTop - at.clientHeight < 300) void fetchMore();
                  }} />
              )}
            </div>
          )}
          {!live && found?.cursor && events.length > 0 && (
            <div className="results-foot"><Button size="small" type="link" loading={more} onClick={fetchMore}>{say('more', { n: number(events.length), all: number(found.total ?? 0) })}</Button></div>
          )}
        </section>
        {openId && <EventPanel id={openId} inside={inside} known={open} onPivot={pivot} onClose={() => change({ id: null }, true)}
          columns={columns} onColumn={(name) => change({ cols: (columns.includes(name) ? columns.filter((one) => one !== name) : [...columns, name]).join(',') }, true)} />}
      </div>
    </div>
  );
}
