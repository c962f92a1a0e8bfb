// Is the platform well: its processes, where events come from, what waits, what was lost, what the rules cost.
import { Table, Tabs } from 'antd';
import { useMemo, useState } from 'react';
import type { Counter, RuleCost, Status as Answer } from '../api/types';
import { useAsk } from '../api/use';
import { Level } from '../parts/Level';
import { Failed, Nothing } from '../parts/Said';
import { bytes, number, shortNumber } from '../parts/time';
import { useSay, useSettings } from '../settings';

interface Source { source: string; events: number; rate: number; unparsed: number; dropped: number; bytes: number }

const of = (counters: Counter[], name: string) => counters.filter((one) => one.name === name);
const total = (counters: Counter[], name: string) => of(counters, name).reduce((n, one) => n + one.value, 0);
const rate = (counters: Counter[], name: string) => of(counters, name).reduce((n, one) => n + (one.rate ?? 0), 0);

function sourcesOf(counters: Counter[]): Source[] {
  const all = new Map<string, Source>();
  for (const one of counters) {
    if (one.daemon !== 'jw-collect' || !one.source || !/^(events|bytes)_\w+_total$/.test(one.name)) continue;
    const at = all.get(one.source) ?? { source: one.source, events: 0, rate: 0, unparsed: 0, dropped: 0, bytes: 0 };
    all.set(one.source, at);
    if (one.name === 'events_received_total') { at.events = one.value; at.rate = one.rate ?? 0; }
    if (one.name === 'events_unparsed_total') at.unparsed = one.value;
    if (one.name === 'events_dropped_total') at.dropped = one.value;
    if (one.name === 'bytes_received_total') at.bytes = one.value;
  }
  return [...all.values()].filter((one) => one.events || one.dropped).sort((a, b) => b.rate - a.rate || b.events - a.events);
}

function Daemons({ counters }: { counters: Counter[] }) {
  const say = useSay();
  const rows = of(counters, 'daemon_up').map((one) => {
    const mine = counters.filter((other) => other.daemon === `jw-${one.source}` && !other.source);
    return {
      daemon: `jw-${one.source}`, running: !!one.value, restarts: of(counters, 'daemon_restarts_total').find((other) => other.source === one.source)?.value ?? 0,
      pid: mine.find((other) => other.name === 'pid')?.value,
    };
  });
  return (
    <div className="daemons">
      {rows.map((row) => (
        <div key={row.daemon} className={row.running ? 'daemon' : 'daemon down'}>
          <i aria-hidden="true" /><b>{row.daemon}</b><span>{say(row.running ? 'runs' : 'is_down')}</span>
          <small>{row.running && row.pid ? `pid ${row.pid} · ` : ''}{say('restarts', { n: row.restarts })}</small>
        </div>
      ))}
    </div>
  );
}

export default function Status() {
  const say = useSay();
  const { language } = useSettings();
  const { data, refused, again } = useAsk<Answer>('/status', 5000);
  const [tab, setTab] = useState('sources');
  const counters = useMemo(() => data?.counters ?? [], [data]);
  const sources = useMemo(() => sourcesOf(counters), [counters]);
  if (refused && !data) return <Failed refused={refused} again={again} />;
  if (!data) return <div className="loading" />;
  const figures: [string, string, boolean?][] = [
    [say('events_per_second'), shortNumber(rate(counters, 'events_received_total'))],
    [say('events_taken'), shortNumber(total(counters, 'events_received_total'))],
    [say('alerts_made'), shortNumber(total(counters, 'alerts_written_total'))],
    [say('lag'), number(total(counters, 'lag_events'))],
    [say('dropped'), number(total(counters, 'events_dropped_total')), total(counters, 'events_dropped_total') > 0],
    [say('rules_loaded'), data.rules ? number(data.rules.loaded) : '—'],
    [say('rules_refused'), data.rules ? number(data.rules.refused_total) : '—', !!data.rules?.refused_total],
  ];
  return (
    <div className="page-scroll">
      <header className="page-head"><h1>{say('status')}</h1><span className="quiet">{say('every_5s')}</span></header>
      <Daemons counters={counters} />
      <dl className="figures">{figures.map(([name, value, bad]) => <div key={name} className={bad ? 'bad' : ''}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>
      <section className="card flat">
        <Tabs activeKey={tab} onChange={setTab} items={[
          {
            key: 'sources', label: say('sources_n', { n: sources.length }), children: sources.length ? (
              <Table<Source> size="small" rowKey="source" dataSource={sources} pagination={sources.length > 50 ? { pageSize: 50, showSizeChanger: false } : false} columns={[
                { title: say('source_name'), dataIndex: 'source', render: (text) => <span className="code">{text}</span> },
                { title: say('per_second'), dataIndex: 'rate', align: 'right', render: (n) => shortNumber(n), sorter: (a, b) => a.rate - b.rate },
                { title: say('events'), dataIndex: 'events', align: 'right', render: (n) => number(n), sorter: (a, b) => a.events - b.events },
                { title: say('volume'), dataIndex: 'bytes', align: 'right', render: (n) => bytes(n), sorter: (a, b) => a.bytes - b.bytes },
                { title: say('dropped'), dataIndex: 'dropped', align: 'right', render: (n) => <span className={n ? 'bad' : ''}>{number(n)}</span>, sorter: (a, b) => a.dropped - b.dropped },
                { title: say('not_parsed'), dataIndex: 'unparsed', align: 'right', render: (n) => <span className={n ? 'bad' : ''}>{number(n)}</span>, sorter: (a, b) => a.unparsed - b.unparsed },
              ]} />
            ) : <Nothing glyph="status" title={say('no_sources')}>{say('no_events_about')}</Nothing>,
          },
          {
            key: 'rules', label: say('rules_cost'), children: data.rules?.top.length ? (
              <Table<RuleCost> size="small" rowKey="id" dataSource={data.rules.top} pagination={{ pageSize: 25, showSizeChanger: false, hideOnSinglePage: true }} columns={[
                { title: say('level'), width: 90, render: (_, rule) => <Level of={rule.level} /> },
                { title: say('rule'), ellipsis: true, render: (_, rule) => (language === 'zh' && rule.name_zh) || rule.name },
                { title: say('rule_time'), align: 'right', width: 130, render: (_, rule) => `${(rule.time_ns_total / 1e6).toFixed(1)} ms`, sorter: (a, b) => a.time_ns_total - b.time_ns_total },
                { title: say('rule_evaluated'), align: 'right', width: 130, render: (_, rule) => number(rule.events_evaluated_total), sorter: (a, b) => a.events_evaluated_total - b.events_evaluated_total },
                { title: say('alerts'), align: 'right', width: 100, render: (_, rule) => number(rule.alerts_total), sorter: (a, b) => a.alerts_total - b.alerts_total },
                { title: say('merged'), align: 'right', width: 100, render: (_, rule) => number(rule.alerts_merged_total) },
              ]} />
            ) : <Nothing glyph="check" title={say('no_rule_ran')} />,
          },
          {
            key: 'refused', label: say('rules_refused_n', { n: data.rules?.refused_total ?? 0 }), children: data.rules?.refused.length ? (
              <Table size="small" rowKey={(one) => one.file + one.line} dataSource={data.rules.refused} pagination={false} columns={[
                { title: say('file'), render: (_, one) => <span className="code">{one.file}{one.line ? `:${one.line}` : ''}</span> },
                { title: say('fault'), dataIndex: 'why' },
              ]} />
            ) : <Nothing glyph="check" title={say('no_rules_refused')} />,
          },
          {
            key: 'counters', label: say('all_counters'), children: (
              <Table<Counter> size="small" virtual scroll={{ y: 480, x: 800 }} rowKey={(one) => `${one.daemon} ${one.name} ${one.source}`} dataSource={counters} pagination={false} columns={[
                { title: say('daemon'), dataIndex: 'daemon', width: 130 },
                { title: say('counter'), dataIndex: 'name', render: (text) => <span className="code">{text}</span> },
                { title: say('source_name'), dataIndex: 'source', ellipsis: true, render: (text) => <span className="code">{text}</span> },
                { title: say('value'), dataIndex: 'value', align: 'right', width: 150, render: (n) => number(n) },
                { title: say('per_second'), dataIndex: 'rate', align: 'right', width: 110, render: (n) => (n ? shortNumber(n) : '') },
              ]} />
            ),
          },
        ]} />
      </section>
    </div>
  );
}
