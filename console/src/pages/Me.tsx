// The own account: what one may do, the password, the second factor, where one is logged in.
import { App, Button, Popconfirm, Table, Tag } from 'antd';
import { useState } from 'react';
import { ask, Refused } from '../api/client';
import type { Role } from '../api/types';
import { useAsk } from '../api/use';
import { useMe } from '../me';
import { Failed, why } from '../parts/Said';
import { ago, clock } from '../parts/time';
import { useLabel, useSay } from '../settings';
import { ChangePassword, SecondFactor } from './Login';

interface Session { id: string; how: string; origin: string; agent: string; started: number; used: number; current: boolean }

const browser = (agent: string) => /(Edg|Firefox|Chrome|Safari)\/[\d]+/.exec(agent)?.[0].replace('/', ' ') ?? agent.slice(0, 40);

export default function Me() {
  const say = useSay();
  const label = useLabel();
  const { me, setMe } = useMe();
  const { message } = App.useApp();
  const roles = useAsk<{ roles: Role[] }>('/roles');
  const sessions = useAsk<{ sessions: Session[] }>('/me/sessions');
  const [second, setSecond] = useState(false);
  const end = (id: string) => ask(`/me/sessions/${id}`, { method: 'DELETE' }).then(() => { message.success(say('session_ended')); sessions.again(); }, (failed) => message.error(why(say, failed as Refused)));
  return (
    <div className="page-scroll">
      <header className="page-head"><h1>{me.user}</h1>
        <span className="several">{me.roles.map((name) => { const role = roles.data?.roles.find((one) => one.name === name); return <Tag key={name} bordered={false} title={label(role?.about)}>{label(role?.title) || name}</Tag>; })}</span>
      </header>
      <div className="me">
        <section className="card"><header><h2>{say('password_change')}</h2></header><ChangePassword onDone={(next) => { setMe(next); message.success(say('password_changed')); sessions.again(); }} /></section>
        <section className="card"><header><h2>{say('second_factor')}</h2></header>
          {me.second_factor ? <p>{say('second_on')}</p> : second ? <SecondFactor onDone={() => { setMe({ ...me, second_factor: true }); setSecond(false); }} /> : (
            <><p>{say('second_off')}</p><Button onClick={() => setSecond(true)}>{say('second_get')}</Button></>
          )}
        </section>
        <section className="card wide"><header><h2>{say('sessions')}</h2></header>
          {sessions.refused && !sessions.data && <Failed refused={sessions.refused} again={sessions.again} />}
          {sessions.data && (
            <Table<Session> size="small" rowKey="id" dataSource={sessions.data.sessions} pagination={false} columns={[
              { title: say('origin'), render: (_, one) => <span className="code">{one.origin}</span> },
              { title: say('browser'), render: (_, one) => browser(one.agent) },
              { title: say('since'), render: (_, one) => clock(one.started) },
              { title: say('used'), render: (_, one) => (one.current ? <span className="choice good">{say('this_one')}</span> : ago(say, one.used)) },
              { title: '', width: 100, align: 'right', render: (_, one) => !one.current && <Popconfirm title={say('session_end_sure')} okText={say('session_end')} cancelText={say('cancel')} onConfirm={() => end(one.id)}><Button size="small">{say('session_end')}</Button></Popconfirm> },
            ]} />
          )}
        </section>
      </div>
    </div>
  );
}
