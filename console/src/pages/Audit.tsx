// The audit chain: who did what, from where, when; newest first.
import { Button, Input, Table } from 'antd';
import { useCallback, useEffect, useState } from 'react';
import { ask, query, Refused } from '../api/client';
import type { Entry } from '../api/types';
import { Failed, Nothing } from '../parts/Said';
import { clock } from '../parts/time';
import { useSize } from '../parts/useSize';
import { useSay } from '../settings';

export default function Audit() {
  const say = useSay();
  const [asked, setAsked] = useState({ who: '', action: '', object: '' });
  const [entries, setEntries] = useState<Entry[]>([]);
  const [next, setNext] = useState<number | null>(null);
  const [refused, setRefused] = useState<Refused>();
  const [busy, setBusy] = useState(true);
  const [box, size] = useSize<HTMLDivElement>();
  const look = useCallback(async (before: number | null) => {
    setBusy(true);
    try {
      const page = await ask<{ entries: Entry[]; next: number | null }>(`/audit${query({ ...asked, before, limit: 200 })}`);
      setEntries((now) => (before ? [...now, ...page.entries] : page.entries));
      setNext(page.next);
      setRefused(undefined);
    } catch (why) {
      setRefused(why as Refused);
    }
    setBusy(false);
  }, [asked]);
  useEffect(() => { void look(null); }, [look]);
  const part = (name: 'who' | 'action' | 'object', placeholder: string) => (
    <Input allowClear placeholder={placeholder} aria-label={placeholder} defaultValue={asked[name]} onPressEnter={(event) => setAsked({ ...asked, [name]: event.currentTarget.value.trim() })}
      onBlur={(event) => event.target.value.trim() !== asked[name] && setAsked({ ...asked, [name]: event.target.value.trim() })} />
  );
  return (
    <div className="page-fill">
      <header className="page-head tight"><h1>{say('audit')}</h1><span className="quiet">{say('audit_about')}</span></header>
      <div className="toolbar">{part('who', say('audit_who'))}{part('action', say('audit_action'))}{part('object', say('audit_object'))}</div>
      {refused && <Failed refused={refused} again={() => look(null)} />}
      {!refused && !busy && !entries.length && <Nothing glyph="audit" title={say('nothing_fits')} />}
      {!refused && entries.length > 0 && (
        <div className="grow" ref={box}>
          {size.height > 60 && (
            <Table<Entry> virtual size="small" rowKey="seq" dataSource={entries} pagination={false} loading={busy && !entries.length} scroll={{ y: size.height - 80, x: Math.max(900, size.width - 2) }} columns={[
              { title: say('number'), dataIndex: 'seq', width: 80 },
              { title: say('time'), dataIndex: 'at', width: 170, render: (at) => <span className="time">{clock(at)}</span> },
              { title: say('audit_who'), dataIndex: 'who', width: 130, render: (who) => who || say('jinwu') },
              { title: say('origin'), dataIndex: 'origin', width: 130, render: (text) => <span className="code">{text}</span> },
              { title: say('audit_action'), dataIndex: 'action', width: 160, render: (text) => <span className="code">{text}</span> },
              { title: say('audit_object'), dataIndex: 'object', width: 200, ellipsis: true, render: (text) => <span className="code">{text}</span> },
              { title: say('detail'), dataIndex: 'detail', ellipsis: true, render: (detail) => { const text = detail ? JSON.stringify(detail) : ''; return <span className="code" title={text}>{text}</span>; } },
            ]} />
          )}
          {next && <div className="results-foot"><Button type="link" size="small" loading={busy} onClick={() => look(next)}>{say('older')}</Button></div>}
        </div>
      )}
    </div>
  );
}
