// What needs me now. Every number is a question to the platform and leads to what it counts.
import { Button } from 'antd';
import { lazy, Suspense, useCallback, useMemo } from 'react';
import { Link, useNavigate } from 'react-router-dom';
import { query } from '../api/client';
import type { Account, Counter, Event, Found, LedgerAbout, Status, Task } from '../api/types';
import { useAsk } from '../api/use';
import { useMe } from '../me';
import { Deadline } from '../parts/Deadline';
import { Glyph } from '../parts/Glyph';
import { Histogram } from '../parts/Histogram';
import { Level, levels, type LevelName } from '../parts/Level';
import { Failed, Nothing } from '../parts/Said';
import { condition, searchPath } from '../parts/pivot';
import { ago, number, shortNumber } from '../parts/time';
import { useLabel, useSay, useSettings } from '../settings';
import type { Word } from '../lang/words';
import type { Palette } from '../theme';

const Chart = lazy(() => import('../parts/Chart'));
const MINUTE = 60000;

function Waiting() {
  const say = useSay();
  const label = useLabel();
  const { data, refused, again } = useAsk<{ tasks: Task[] }>('/tasks?which=mine&limit=6', MINUTE);
  const late = (data?.tasks ?? []).filter((task) => task.late).length;
  return (
    <section className="card">
      <header><h2>{say('first_tasks')}</h2>{late > 0 && <span className="choice critical">{say('late_tasks', { n: late })}</span>}<Link to="/tasks">{say('all_tasks')}</Link></header>
      {refused && !data && <Failed refused={refused} again={again} />}
      {data && !data.tasks.length && <Nothing glyph="check" title={say('no_tasks')} />}
      <ul className="tasks-list">
        {(data?.tasks ?? []).map((task) => (
          <li key={`${task.ledger} ${task.id}`}>
            <Link to={`/ledgers/${task.ledger}/${task.id}?tab=flow`}><span className="cut">{task.name || `#${task.id}`}</span><small>{label(task.ledger_title)} · {label(task.state_title)}</small></Link>
            <Deadline at={task.deadline} late={task.late} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function LevelTiles() {
  const say = useSay();
  const { data, refused, again } = useAsk<Found>(`/search${query({ in: 'alerts', from: 'now-24h', by: 'rule.level', limit: 10 })}`, MINUTE);
  if (refused && !data) return <section className="card wide"><Failed refused={refused} again={again} /></section>;
  const counts = new Map((data?.by ?? []).map((row) => [String(row['rule.level']), row.count]));
  return (
    <section className="tiles" aria-label={say('alerts_24h')}>
      {levels.map((level) => (
        <Link key={level} className={`tile ${level}`} to={`/alerts?level=${level}`}>
          <span className="tile-name"><i />{say(`level_${level}` as Word)}</span>
          <b>{data ? number(counts.get(level) ?? 0) : '–'}</b>
        </Link>
      ))}
    </section>
  );
}

function Rate() {
  const say = useSay();
  const navigate = useNavigate();
  const { data, refused, again } = useAsk<Found>(`/search${query({ from: 'now-24h', count: true, histogram: 96 })}`, MINUTE);
  return (
    <section className="card span2">
      <header><h2>{say('events_24h')}</h2>{data && <span className="figure">{number(data.total ?? 0)}</span>}</header>
      {refused && !data && <Failed refused={refused} again={again} />}
      {data && (data.total === 0
        ? <Nothing glyph="status" title={say('no_events')}>{say('no_events_about')}</Nothing>
        : <Histogram bars={data.histogram ?? []} onSpan={(from, to) => navigate(`/search?${new URLSearchParams({ from, to })}`)} />)}
    </section>
  );
}

function Loudest() {
  const say = useSay();
  const { language } = useSettings();
  const { data, refused, again } = useAsk<Found>(
    `/search${query({ in: 'alerts', from: 'now-24h', by: 'rule.id,rule.level,rule.name,rule.name_zh', limit: 8 })}`, MINUTE);
  const most = Math.max(1, ...(data?.by ?? []).map((row) => row.count));
  return (
    <section className="card">
      <header><h2>{say('loudest')}</h2><Link to="/alerts">{say('all_of_them')}</Link></header>
      {refused && !data && <Failed refused={refused} again={again} />}
      {data && !data.by?.length && <Nothing glyph="check" title={say('no_alerts_24h')} />}
      <ul className="bars-list">
        {(data?.by ?? []).map((row) => (
          <li key={`${row['rule.id']} ${row['rule.level']}`}>
            <Link to={`/alerts?group=${encodeURIComponent(String(row['rule.id'] ?? ''))}`}>
              <Level of={row['rule.level']} />
              <span className="cut">{String((language === 'zh' && row['rule.name_zh']) || row['rule.name'] || row['rule.id'])}</span>
              <b>{number(row.count)}</b>
            </Link>
            <svg viewBox="0 0 100 2" preserveAspectRatio="none" aria-hidden="true"><rect width={(row.count / most) * 100} height="2" /></svg>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Units() {
  const say = useSay();
  const navigate = useNavigate();
  const { data, refused, again } = useAsk<Found>(
    `/search${query({ in: 'alerts', from: 'now-24h', by: 'gov.unit,rule.level', limit: 60 })}`, MINUTE);
  const { units, rows } = useMemo(() => {
    const sums = new Map<string, number>();
    for (const row of data?.by ?? []) {
      const unit = String(row['gov.unit'] ?? '');
      sums.set(unit, (sums.get(unit) ?? 0) + row.count);
    }
    return { units: [...sums].sort((a, b) => b[1] - a[1]).slice(0, 8).map(([unit]) => unit).reverse(), rows: data?.by ?? [] };
  }, [data]);
  const option = useCallback((p: Palette) => ({
    grid: { left: 8, right: 16, top: 8, bottom: 4, containLabel: true },
    tooltip: { renderMode: 'richText', trigger: 'axis', axisPointer: { type: 'shadow' }, backgroundColor: p.raised, borderColor: p.line, textStyle: { color: p.ink, fontSize: 12 } },
    xAxis: { type: 'value', minInterval: 1, splitLine: { lineStyle: { color: p.line2 } }, axisLabel: { color: p.ink3 } },
    yAxis: { type: 'category', data: units.map((unit) => unit || say('no_unit')), axisLine: { show: false }, axisTick: { show: false },
      axisLabel: { color: p.ink2, width: 150, overflow: 'truncate' } },
    series: levels.map((level: LevelName) => ({
      type: 'bar', stack: 'all', name: say(`level_${level}` as Word), barMaxWidth: 14, itemStyle: { color: p[level] }, emphasis: { disabled: true },
      data: units.map((unit) => rows.filter((row) => String(row['gov.unit'] ?? '') === unit && row['rule.level'] === level).reduce((n, row) => n + row.count, 0)),
    })),
  }), [units, rows, say]);
  return (
    <section className="card">
      <header><h2>{say('alerts_by_unit')}</h2></header>
      {refused && !data && <Failed refused={refused} again={again} />}
      {data && !units.length && <Nothing glyph="check" title={say('no_alerts_24h')} />}
      {units.length > 0 && (
        <Suspense fallback={<div className="chart loading" />}>
          <Chart option={option} height={Math.max(150, units.length * 30 + 36)} label={say('alerts_by_unit')}
            onClick={(unit) => navigate(searchPath(condition('gov.unit', unit === say('no_unit') ? '' : unit), 'now-24h', 'alerts'))} />
        </Suspense>
      )}
    </section>
  );
}

function Latest() {
  const say = useSay();
  const { language } = useSettings();
  const { data, refused, again } = useAsk<Found>(
    `/search${query({ in: 'alerts', q: 'rule.level:(critical or high)', from: 'now-24h', limit: 8, fields: '@timestamp,rule.name,rule.name_zh,rule.level,gov.unit,gov.owner,host.name,source.ip' })}`, MINUTE);
  return (
    <section className="card span2">
      <header><h2>{say('latest_serious')}</h2><Link to="/alerts?level=critical,high">{say('to_triage')}</Link></header>
      {refused && !data && <Failed refused={refused} again={again} />}
      {data && !data.events?.length && <Nothing glyph="check" title={say('no_serious')}>{say('no_serious_about')}</Nothing>}
      {!!data?.events?.length && (
        <table className="plain">
          <thead><tr><th>{say('when')}</th><th>{say('level')}</th><th>{say('rule')}</th><th>{say('unit')}</th><th>{say('owner')}</th><th>{say('where')}</th></tr></thead>
          <tbody>
            {data.events.map((event: Event) => (
              <tr key={String(event['event.id'])}>
                <td className="time" title={String(event['@timestamp'])}>{ago(say, event['@timestamp'])}</td>
                <td><Level of={event['rule.level']} /></td>
                <td><Link to={`/alerts?id=${encodeURIComponent(String(event['event.id']))}&level=critical,high`}>
                  {String((language === 'zh' && event['rule.name_zh']) || event['rule.name'] || '')}</Link></td>
                <td>{String(event['gov.unit'] ?? '—')}</td>
                <td>{String(event['gov.owner'] ?? '—')}</td>
                <td className="code">{String(event['host.name'] ?? event['source.ip'] ?? '—')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

export const sum = (counters: Counter[], name: string, key: 'value' | 'rate' = 'value') =>
  counters.filter((one) => one.name === name).reduce((n, one) => n + (one[key] ?? 0), 0);

function Health() {
  const say = useSay();
  const { data, refused, again } = useAsk<Status>('/status', 10000);
  const daemons = (data?.counters ?? []).filter((one) => one.name === 'daemon_up');
  const down = daemons.filter((one) => !one.value);
  return (
    <section className="card">
      <header><h2>{say('platform')}</h2><Link to="/status">{say('details')}</Link></header>
      {refused && !data && <Failed refused={refused} again={again} />}
      {data && (
        <dl className="facts">
          <dt>{say('daemons')}</dt>
          <dd className={down.length ? 'bad' : 'good'}>{down.length ? say('daemons_down', { names: down.map((one) => one.source).join(', ') }) : say('daemons_up', { n: daemons.length })}</dd>
          <dt>{say('events_per_second')}</dt><dd>{shortNumber(sum(data.counters, 'events_received_total', 'rate'))}</dd>
          <dt>{say('lag')}</dt><dd>{number(sum(data.counters, 'lag_events'))}</dd>
          <dt>{say('dropped')}</dt><dd className={sum(data.counters, 'events_dropped_total') ? 'bad' : ''}>{number(sum(data.counters, 'events_dropped_total'))}</dd>
          <dt>{say('rules_loaded')}</dt><dd>{data.rules ? number(data.rules.loaded) : '—'}</dd>
        </dl>
      )}
    </section>
  );
}

function LedgersCard() {
  const say = useSay();
  const label = useLabel();
  const { data, refused, again } = useAsk<{ ledgers: LedgerAbout[] }>('/ledgers');
  const shown = (data?.ledgers ?? []).filter((one) => one.may.includes('create')).slice(0, 8);
  if (data && !data.ledgers.length) return null;
  return (
    <section className="card">
      <header><h2>{say('keep_records')}</h2><Link to="/ledgers">{say('all_ledgers', { n: data?.ledgers.length ?? 0 })}</Link></header>
      {refused && !data && <Failed refused={refused} again={again} />}
      <div className="chips">
        {shown.map((one) => <Link key={one.name} className="chip" to={`/ledgers/${one.name}`}>{label(one.title)}</Link>)}
      </div>
    </section>
  );
}

// The first account can look after the platform only: it needs people for the rest.
function FirstSteps() {
  const say = useSay();
  const navigate = useNavigate();
  const { data } = useAsk<{ accounts: Account[] }>('/accounts?limit=3');
  if (!data || data.accounts.length > 1) return null;
  return (
    <section className="card wide welcome">
      <div>
        <h2>{say('welcome')}</h2>
        <p>{say('welcome_about')}</p>
      </div>
      <Button type="primary" onClick={() => navigate('/accounts/new')} icon={<Glyph name="plus" />}>{say('account_new')}</Button>
    </section>
  );
}

export default function Home() {
  const say = useSay();
  const { me, may } = useMe();
  const hour = new Date().getHours();
  const hello = hour < 6 ? 'hello_night' : hour < 12 ? 'hello_morning' : hour < 18 ? 'hello_afternoon' : 'hello_evening';
  const sees = may('events.search');
  return (
    <div className="page-scroll">
      <header className="page-head"><h1>{say(hello, { name: me.user })}</h1></header>
      <div className="home">
        {may('accounts.manage') && may('accounts.read') && <FirstSteps />}
        {sees && <LevelTiles />}
        {sees && <Latest />}
        <Waiting />
        {sees && <Rate />}
        {sees && <Loudest />}
        {sees && <Units />}
        {may('status.read') && <Health />}
        <LedgersCard />
      </div>
    </div>
  );
}
