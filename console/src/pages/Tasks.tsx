// What waits for me, what is late, and what I was told.
import { Button, Segmented, Table } from 'antd';
import { useNavigate, useSearchParams } from 'react-router-dom';
import { ask } from '../api/client';
import type { Notice, Task } from '../api/types';
import { useAsk } from '../api/use';
import { Deadline } from '../parts/Deadline';
import { Failed, Nothing } from '../parts/Said';
import { ago, clock } from '../parts/time';
import { useLabel, useSay } from '../settings';

export default function Tasks() {
  const say = useSay();
  const label = useLabel();
  const navigate = useNavigate();
  const [params, setParams] = useSearchParams();
  const which = params.get('which') ?? 'mine';
  const told = which === 'notices';
  const tasks = useAsk<{ tasks: Task[] }>(told ? null : `/tasks?which=${which}&limit=200`, 30000);
  const notices = useAsk<{ notices: Notice[]; unread: number }>('/notices?limit=100', 60000);
  const open = (task: Task) => navigate(`/ledgers/${task.ledger}/${task.id}?tab=flow`);
  const read = (ids: number[]) => ask('/notices/read', { method: 'POST', body: { ids } }).then(notices.again, () => {});
  const rows = tasks.data?.tasks ?? [];
  return (
    <div className="page-fill">
      <header className="page-head tight"><h1>{say('tasks')}</h1>
        <Segmented value={which} aria-label={say('tasks')} onChange={(value) => setParams(value === 'mine' ? {} : { which: String(value) })} options={[
          { value: 'mine', label: say('tasks_mine') }, { value: 'late', label: say('tasks_late') }, { value: 'units', label: say('tasks_units') },
          { value: 'notices', label: notices.data?.unread ? say('notices_unread', { n: notices.data.unread }) : say('notices') }]} />
        {told && !!notices.data?.unread && <Button className="right" onClick={() => read(notices.data!.notices.filter((one) => !one.read).map((one) => one.id))}>{say('notices_read_all')}</Button>}
      </header>
      {!told && tasks.refused && !tasks.data && <Failed refused={tasks.refused} again={tasks.again} />}
      {!told && tasks.data && !rows.length && <Nothing glyph="check" title={say(which === 'late' ? 'no_late' : 'no_tasks')}>{say('no_tasks_about')}</Nothing>}
      {!told && !!rows.length && (
        <div className="scroll">
          <Table<Task> size="small" rowKey={(task) => `${task.ledger} ${task.id} ${task.role} ${task.person}`} dataSource={rows} pagination={false} rowClassName="row" onRow={(task) => ({ onClick: () => open(task) })} columns={[
            { title: say('task_what'), render: (_, task) => <a onClick={(event) => { event.preventDefault(); open(task); }} href={`/console/ledgers/${task.ledger}/${task.id}?tab=flow`}>{task.name || `#${task.id}`}</a> },
            { title: say('ledger'), width: 200, render: (_, task) => label(task.ledger_title) },
            { title: say('task_state'), width: 180, render: (_, task) => <span className="choice low">{label(task.state_title) || task.state}</span> },
            { title: say('task_since'), width: 150, render: (_, task) => <span title={clock(task.since)}>{ago(say, task.since)}</span> },
            { title: say('deadline'), width: 240, render: (_, task) => <Deadline at={task.deadline} late={task.late} /> },
          ]} />
        </div>
      )}
      {told && notices.refused && !notices.data && <Failed refused={notices.refused} again={notices.again} />}
      {told && notices.data && !notices.data.notices.length && <Nothing title={say('no_notices')}>{say('no_notices_about')}</Nothing>}
      {told && !!notices.data?.notices.length && (
        <ul className="notices scroll">
          {notices.data.notices.map((notice) => (
            <li key={notice.id} className={notice.read ? '' : 'unread'}>
              <button type="button" onClick={() => { if (!notice.read) void read([notice.id]); navigate(`/ledgers/${notice.ledger}/${notice.record}`); }}>
                <b>{label(notice.text)}</b><span>{[label(notice.ledger_title), notice.name].filter(Boolean).join(' · ')}</span><small title={clock(notice.at)}>{ago(say, notice.at)}</small>
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
