// One record beside the list: as it is, as a form, and how it came to be so.
import { App, Button, Form, Input, Modal, Tabs, Tooltip } from 'antd';
import { useEffect, useMemo, useState } from 'react';
import { useNavigate, useParams, useSearchParams } from 'react-router-dom';
import { ask, Refused } from '../api/client';
import type { Declaration, Field, LedgerRecord, Version } from '../api/types';
import { useAsk } from '../api/use';
import { useLabel, useSay } from '../settings';
import type { Word } from '../lang/words';
import { FieldInput } from './FieldInput';
import { FlowPanel } from './FlowPanel';
import { Glyph } from './Glyph';
import { Failed, why } from './Said';
import { Shown } from './ledger';
import { ago, clock } from './time';

const wide = new Set(['long_text', 'references', 'choices', 'attachment']);
const same = (a: unknown, b: unknown) => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);

function Details({ declared, record }: { declared: Declaration; record: LedgerRecord }) {
  const say = useSay();
  const label = useLabel();
  return (
    <>
      <dl className="record">
        {declared.fields.filter((field) => field.may.includes('read')).map((field) => (
          <div key={field.name} className={wide.has(field.type) ? 'wide' : undefined}>
            <dt>{label(field.title)}{field.sensitivity === 'sensitive' && <Tooltip title={say('sensitive_about')}><span><Glyph name="lock" size={12} /></span></Tooltip>}</dt>
            <dd><Shown field={field} value={record.fields[field.name]} /></dd>
          </div>
        ))}
      </dl>
      <p className="quiet made">{say('made_changed', { made: clock(record.made_at), maker: record.made_by || say('jinwu'), changed: clock(record.changed_at), changer: record.changed_by || say('jinwu'), version: record.version })}</p>
    </>
  );
}

function Editor({ declared, record, onDone, onCancel }: { declared: Declaration; record?: LedgerRecord; onDone(record: LedgerRecord): void; onCancel(): void }) {
  const say = useSay();
  const label = useLabel();
  const { message } = App.useApp();
  const [form] = Form.useForm();
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<Refused>();
  const deed = record ? 'change' : 'create';
  const fields = declared.fields.filter((field) => field.type !== 'computed' && field.may.includes(deed));
  const first = useMemo(() => Object.fromEntries(fields.map((field) => [field.name, record ? record.fields[field.name] : field.default])), [record]); // eslint-disable-line
  const save = async (values: Record<string, unknown>) => {
    const { why: reason, ...given } = values;
    const changed = Object.fromEntries(Object.entries(given).filter(([name, value]) => (record ? !same(value, record.fields[name]) : value !== undefined && value !== null && value !== '')));
    if (record && !Object.keys(changed).length) return onCancel();
    setBusy(true);
    setRefused(undefined);
    try {
      const made = record
        ? await ask<LedgerRecord>(`/ledgers/${declared.name}/${record.id}`, { method: 'PATCH', body: { fields: changed, version: record.version, why: reason || undefined } })
        : await ask<LedgerRecord>(`/ledgers/${declared.name}`, { method: 'POST', body: { fields: changed, why: reason || undefined } });
      message.success(say(record ? 'saved' : 'created'));
      onDone(made);
    } catch (failed) {
      const r = failed as Refused;
      const known = r.faults.filter((fault) => fields.some((field) => field.name === fault.field));
      form.setFields(known.map((fault) => ({ name: fault.field, errors: [fault.text] })));
      if (known.length) form.scrollToField(known[0].field, { block: 'center' });
      if (known.length < r.faults.length || !r.faults.length) setRefused(r);
    }
    setBusy(false);
    return undefined;
  };
  return (
    <Form form={form} layout="vertical" initialValues={first} onFinish={save} className="record-form" scrollToFirstError disabled={busy}
      requiredMark={(text, { required }) => <>{text}{required && <em aria-hidden="true">*</em>}</>}>
      <div className="record-fields">
        {fields.map((field: Field) => (
          <Form.Item key={field.name} name={field.name} label={label(field.title)} className={wide.has(field.type) ? 'wide' : undefined}
            extra={label(field.help) || undefined} rules={field.required ? [{ required: true, message: say('is_missing') }] : undefined}>
            <FieldInput field={field} />
          </Form.Item>
        ))}
        <Form.Item name="why" label={say('reason')} className="wide" extra={say('reason_about')}><Input maxLength={500} /></Form.Item>
      </div>
      <footer>
        {refused && <span className="refused" role="alert">{refused.code === 'conflict' ? say('conflict') : why(say, refused)}</span>}
        <Button onClick={onCancel} disabled={busy}>{say('cancel')}</Button>
        <Button type="primary" htmlType="submit" loading={busy} disabled={false}>{say('save')}</Button>
      </footer>
    </Form>
  );
}

function History({ declared, record }: { declared: Declaration; record: LedgerRecord }) {
  const say = useSay();
  const label = useLabel();
  const { data, refused, again } = useAsk<{ versions: Version[]; next: number | null }>(`/ledgers/${declared.name}/${record.id}/history?limit=100`);
  useEffect(again, [record.version, again]);
  if (refused && !data) return <Failed refused={refused} again={again} />;
  const versions = data?.versions ?? [];
  return (
    <ol className="history">
      {versions.map((version, i) => {
        const before = versions[i + 1];
        const changed = declared.fields.filter((field) => field.type !== 'computed' && !same(version.fields[field.name], before?.fields[field.name]));
        return (
          <li key={version.version}>
            <header><b>{say(`deed_${version.deed}` as Word)}</b><span>{version.who || say('jinwu')}</span><span className="quiet" title={clock(version.at)}>{ago(say, version.at)} · {clock(version.at)}</span><span className="quiet right">v{version.version}</span></header>
            {version.why && <p className="reason">{version.why}</p>}
            {(version.deed === 'change' || !before) && !!changed.length && (
              <table className="diff"><tbody>
                {changed.map((field) => (
                  <tr key={field.name}><th scope="row">{label(field.title)}</th>
                    <td>{before && <><del><Shown field={field} value={before.fields[field.name]} plain /></del> <Glyph name="right" size={11} /> </>}<ins><Shown field={field} value={version.fields[field.name]} plain /></ins></td></tr>
                ))}
              </tbody></table>
            )}
          </li>
        );
      })}
    </ol>
  );
}

export function RecordPanel({ declared, onChanged }: { declared: Declaration; onChanged(): void }) {
  const say = useSay();
  const { message } = App.useApp();
  const navigate = useNavigate();
  const { id } = useParams();
  const [params, setParams] = useSearchParams();
  const asked = useAsk<LedgerRecord>(id ? `/ledgers/${declared.name}/${id}` : null);
  const [removing, setRemoving] = useState(false);
  const [reason, setReason] = useState('');
  const editing = params.get('edit') === '1';
  const record = asked.data;
  const close = () => {
    const next = new URLSearchParams(params);
    next.delete('edit');
    next.delete('tab');
    navigate({ pathname: `/ledgers/${declared.name}`, search: next.toString() });
  };
  const set = (name: string, value: string | null) => setParams((before) => {
    const next = new URLSearchParams(before);
    if (value) next.set(name, value);
    else next.delete(name);
    return next;
  }, { replace: true });
  const remove = async () => {
    try {
      await ask(`/ledgers/${declared.name}/${id}`, { method: 'DELETE', body: { version: record!.version, why: reason || undefined } });
      message.success(say('removed_done'));
      setRemoving(false);
      onChanged();
      close();
    } catch (failed) {
      message.error(why(say, failed as Refused));
    }
  };
  const name = record ? String(record.fields[declared.called ?? ''] ?? `#${record.id}`) : id ? '' : say('record_new');
  return (
    <aside className="record-panel" aria-label={say('record')}>
      <header>
        <h2 className="cut" title={name}>{name}</h2>
        {record && !editing && record.may.includes('change') && !record.removed && <Button size="small" icon={<Glyph name="edit" size={14} />} onClick={() => set('edit', '1')}>{say('edit')}</Button>}
        {record && !editing && record.may.includes('delete') && !record.removed && <Button size="small" danger aria-label={say('remove')} icon={<Glyph name="trash" size={14} />} onClick={() => setRemoving(true)} />}
        <Button size="small" type="text" aria-label={say('close')} icon={<Glyph name="close" />} onClick={close} />
      </header>
      {asked.refused && !record && <Failed refused={asked.refused} again={asked.again} />}
      {!id && <Editor declared={declared} onCancel={close} onDone={(made) => { onChanged(); navigate({ pathname: `/ledgers/${declared.name}/${made.id}`, search: params.toString() }); }} />}
      {record && editing && <Editor key={record.version} declared={declared} record={record} onCancel={() => set('edit', null)} onDone={() => { set('edit', null); asked.again(); onChanged(); }} />}
      {record && !editing && (
        <Tabs className="record-tabs" activeKey={params.get('tab') ?? 'details'} onChange={(key) => set('tab', key === 'details' ? null : key)} items={[
          { key: 'details', label: say('details'), children: <Details declared={declared} record={record} /> },
          ...(declared.workflow && !record.removed ? [{ key: 'flow', label: say('flow'), children: <FlowPanel declared={declared} record={record} onChanged={() => { asked.again(); onChanged(); }} /> }] : []),
          { key: 'history', label: say('history'), children: <History declared={declared} record={record} /> },
        ]} />
      )}
      <Modal open={removing} title={say('remove_title', { name })} okText={say('remove')} okButtonProps={{ danger: true }} cancelText={say('cancel')} onOk={remove} onCancel={() => setRemoving(false)}>
        <p>{say('remove_about')}</p>
        <Input value={reason} onChange={(event) => setReason(event.target.value)} placeholder={say('reason')} aria-label={say('reason')} maxLength={500} />
      </Modal>
    </aside>
  );
}
