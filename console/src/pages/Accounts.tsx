// Accounts and their roles, for administrators. Who may do which part of it is the platform's say; refusals are shown as they come.
import { Alert, App, Button, Form, Input, Modal, Popconfirm, Select, Table, Tag, Typography } from 'antd';
import { useMemo, useState } from 'react';
import { useNavigate, useParams } from 'react-router-dom';
import { ask, query, Refused } from '../api/client';
import type { Account, Grant, Role } from '../api/types';
import { useAsk } from '../api/use';
import { useMe } from '../me';
import { FieldInput } from '../parts/FieldInput';
import { Glyph } from '../parts/Glyph';
import { Failed, why } from '../parts/Said';
import { Reference } from '../parts/ledger';
import { ago, clock } from '../parts/time';
import { useLabel, useSay } from '../settings';
import type { Field } from '../api/types';

const unitField = { name: 'unit', type: 'unit', title: { zh: '', en: '' }, help: { zh: '', en: '' }, required: false, unique: false, sensitivity: 'open', may: [] } as Field;

function Password({ name, password, onClose }: { name: string; password: string; onClose(): void }) {
  const say = useSay();
  return (
    <Modal open title={say('password_of', { name })} onCancel={onClose} footer={<Button type="primary" onClick={onClose}>{say('password_kept')}</Button>} maskClosable={false}>
      <p>{say('password_once')}</p>
      <Typography.Text code copyable className="big-code">{password}</Typography.Text>
    </Modal>
  );
}

function One({ name, roles, onChanged, onPassword }: { name: string; roles: Role[]; onChanged(): void; onPassword(name: string, password: string): void }) {
  const say = useSay();
  const label = useLabel();
  const { me, may } = useMe();
  const { message } = App.useApp();
  const navigate = useNavigate();
  const { data, refused, again } = useAsk<Account & { grants: Grant[]; lockouts: unknown[] }>(`/accounts/${encodeURIComponent(name)}`);
  const [role, setRole] = useState<string>();
  const [unit, setUnit] = useState<number | null>(null);
  const [said, setSaid] = useState('');
  const at = `/accounts/${encodeURIComponent(name)}`;
  const run = async (act: () => Promise<unknown>, done: string) => {
    setSaid('');
    try {
      const got = await act();
      message.success(done);
      again();
      onChanged();
      return got;
    } catch (failed) {
      setSaid((failed as Refused).message || why(say, failed as Refused));
      return undefined;
    }
  };
  const own = name === me.user;
  const titles = new Map(roles.map((one) => [one.name, label(one.title)]));
  return (
    <aside className="record-panel" aria-label={say('account')}>
      <header><h2 className="cut">{name}</h2><Button size="small" type="text" aria-label={say('close')} icon={<Glyph name="close" />} onClick={() => navigate('/accounts')} /></header>
      {refused && !data && <Failed refused={refused} again={again} />}
      {data && (
        <div className="panel-body">
          <dl className="record">
            <div><dt>{say('state')}</dt><dd>{data.disabled ? <span className="choice critical">{say('disabled')}</span> : <span className="choice good">{say('active')}</span>}</dd></div>
            <div><dt>{say('second_factor')}</dt><dd>{say(data.second_factor ? 'yes' : 'no')}</dd></div>
            <div><dt>{say('last_login')}</dt><dd>{data.last_login ? `${clock(data.last_login)} · ${data.last_origin}` : say('never')}</dd></div>
            <div><dt>{say('created_by')}</dt><dd>{data.created_by || say('jinwu')} · {clock(data.created)}</dd></div>
            {data.person > 0 && <div><dt>{say('person')}</dt><dd><Reference ledger="person" id={data.person} /></dd></div>}
          </dl>
          <h3>{say('roles')}</h3>
          <ul className="grants">
            {data.grants.map((grant) => (
              <li key={`${grant.role} ${grant.unit}`}>
                <b>{titles.get(grant.role) ?? grant.role}</b>
                <span className="quiet">{grant.unit ? <Reference ledger="organisation" id={grant.unit} /> : say('everywhere_unit')}</span>
                {!own && <Popconfirm title={say('grant_take_sure')} okText={say('grant_take')} cancelText={say('cancel')} onConfirm={() => run(() => ask(`${at}/grants/${grant.role}${query({ unit: grant.unit || undefined })}`, { method: 'DELETE' }), say('saved'))}>
                  <Button size="small" type="text" aria-label={say('grant_take')} icon={<Glyph name="close" size={13} />} />
                </Popconfirm>}
              </li>
            ))}
            {!data.grants.length && <li className="quiet">{say('no_roles')}</li>}
          </ul>
          {!own && (may('accounts.grant') || may('accounts.manage')) && (
            <div className="grant-new">
              <Select placeholder={say('role_pick')} value={role} onChange={setRole} aria-label={say('role_pick')} popupMatchSelectWidth={420}
                options={roles.filter((one) => !one.everybody).map((one) => ({ value: one.name, label: label(one.title), about: label(one.about) }))}
                optionRender={(option) => <div className="role-option"><b>{option.label}</b><small>{option.data.about}</small></div>} />
              <FieldInput field={unitField} value={unit} onChange={(next) => setUnit(next as number | null)} />
              <Button type="primary" disabled={!role} onClick={() => run(() => ask(`${at}/grants`, { method: 'POST', body: { role, unit: unit ?? 0 } }), say('grant_given')).then((done) => done && setRole(undefined))}>{say('grant_give')}</Button>
            </div>
          )}
          {said && <Alert type="error" showIcon message={said} className="gap" />}
          {own && <p className="quiet">{say('own_account')}</p>}
          {!own && may('accounts.manage') && (
            <div className="panel-tools">
              <Popconfirm title={say('reset_sure')} okText={say('reset')} cancelText={say('cancel')} onConfirm={() => run(() => ask<{ password: string }>(`${at}/reset`, { method: 'POST', body: {} }), say('saved')).then((got) => got && onPassword(name, (got as { password: string }).password))}>
                <Button>{say('reset')}</Button>
              </Popconfirm>
              {!!data.lockouts?.length && <Button onClick={() => run(() => ask(`${at}/unlock`, { method: 'POST', body: {} }), say('saved'))}>{say('unlock')}</Button>}
              <Button danger={!data.disabled} onClick={() => run(() => ask(at, { method: 'PATCH', body: { disabled: !data.disabled } }), say('saved'))}>{say(data.disabled ? 'enable' : 'disable')}</Button>
            </div>
          )}
        </div>
      )}
    </aside>
  );
}

export default function Accounts() {
  const say = useSay();
  const { may } = useMe();
  const navigate = useNavigate();
  const { '*': rest } = useParams();
  const { data, refused, again } = useAsk<{ accounts: Account[] }>('/accounts?limit=1000');
  const known = useAsk<{ roles: Role[] }>('/roles');
  const [made, setMade] = useState<{ name: string; password: string }>();
  const [said, setSaid] = useState('');
  const [text, setText] = useState('');
  const shown = useMemo(() => (data?.accounts ?? []).filter((one) => one.name.includes(text.trim())), [data, text]);
  const create = async (values: { name: string }) => {
    setSaid('');
    try {
      const answer = await ask<{ name: string; password: string }>('/accounts', { method: 'POST', body: { name: values.name.trim() } });
      setMade(answer);
      again();
      navigate(`/accounts/${encodeURIComponent(answer.name)}`);
    } catch (failed) {
      setSaid((failed as Refused).message || why(say, failed as Refused));
    }
  };
  const making = rest === 'new';
  return (
    <div className="ledger">
      <section className="ledger-list">
        <header className="page-head tight">
          <h1>{say('accounts')}</h1><span className="quiet">{data ? say('accounts_count', { n: data.accounts.length }) : ''}</span>
          {may('accounts.manage') && <Button className="right" type="primary" icon={<Glyph name="plus" size={14} />} onClick={() => navigate('/accounts/new')}>{say('account_new')}</Button>}
        </header>
        <div className="toolbar"><Input className="toolbar-search" allowClear placeholder={say('accounts_filter')} aria-label={say('accounts_filter')} value={text} onChange={(event) => setText(event.target.value)} /></div>
        {refused && !data && <Failed refused={refused} again={again} />}
        {data && (
          <div className="scroll">
            <Table<Account> size="small" rowKey="name" dataSource={shown} pagination={shown.length > 100 ? { pageSize: 100, showSizeChanger: false } : false}
              rowClassName={(one) => (one.name === rest ? 'row on' : 'row')} onRow={(one) => ({ onClick: () => navigate(`/accounts/${encodeURIComponent(one.name)}`) })} columns={[
                { title: say('user'), dataIndex: 'name', render: (name) => <b>{name}</b> },
                { title: say('state'), width: 120, render: (_, one) => (one.disabled ? <Tag bordered={false} color="error">{say('disabled')}</Tag> : one.change_password ? <span className="choice medium">{say('must_change')}</span> : <span className="choice good">{say('active')}</span>) },
                { title: say('second_factor'), width: 130, render: (_, one) => say(one.second_factor ? 'yes' : 'no') },
                { title: say('last_login'), width: 200, render: (_, one) => (one.last_login ? <span title={clock(one.last_login)}>{ago(say, one.last_login)}</span> : <span className="quiet">{say('never')}</span>) },
                { title: say('created_by'), width: 160, render: (_, one) => one.created_by || say('jinwu') },
              ]} />
          </div>
        )}
      </section>
      {rest && !making && <One key={rest} name={decodeURIComponent(rest)} roles={known.data?.roles ?? []} onChanged={again} onPassword={(name, password) => setMade({ name, password })} />}
      <Modal open={making} title={say('account_new')} footer={null} onCancel={() => navigate('/accounts')} destroyOnHidden>
        <Form layout="vertical" requiredMark={false} onFinish={create}>
          <Form.Item name="name" label={say('user')} extra={say('account_name_rule')} rules={[{ required: true, message: say('is_missing') }]}><Input autoFocus maxLength={63} autoComplete="off" /></Form.Item>
          {said && <Alert type="error" showIcon message={said} className="login-said" />}
          <Button type="primary" htmlType="submit" block>{say('account_make')}</Button>
        </Form>
      </Modal>
      {made && <Password name={made.name} password={made.password} onClose={() => setMade(undefined)} />}
    </div>
  );
}
