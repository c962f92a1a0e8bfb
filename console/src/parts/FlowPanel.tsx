// The workflow of one record: where it is, how long still, what this person may do, and what was done.
import { Alert, App, Button, Form, Input, Modal, Tooltip } from 'antd';
import { useState } from 'react';
import { ask, Refused } from '../api/client';
import type { Declaration, Field, Flow, LedgerRecord, Transition } from '../api/types';
import { useAsk } from '../api/use';
import { useLabel, useSay } from '../settings';
import type { Word } from '../lang/words';
import { Deadline } from './Deadline';
import { FieldInput } from './FieldInput';
import { Glyph } from './Glyph';
import { Failed, why } from './Said';
import { clock } from './time';

const colours: Record<string, string> = { red: 'critical', orange: 'high', gold: 'medium', green: 'good', purple: 'purple', grey: 'informational' };
const kinds = new Set(['step', 'sign', 'withdraw', 'delegate', 'ask', 'grant', 'refuse', 'urge', 'start']);

function Take({ declared, record, step, onDone, onClose }: { declared: Declaration; record: LedgerRecord; step: Transition; onDone(): void; onClose(): void }) {
  const say = useSay();
  const label = useLabel();
  const { message } = App.useApp();
  const [form] = Form.useForm();
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<Refused>();
  const fields = [...new Set([...step.require, ...step.change])].map((name) => declared.fields.find((field) => field.name === name)).filter((field): field is Field => !!field);
  const missing = step.evidence.filter((name) => !(record.fields[name] as unknown[] | null)?.length);
  const take = async (values: Record<string, unknown>) => {
    const { reason, ...given } = values;
    const changed = Object.fromEntries(Object.entries(given).filter(([name, value]) => JSON.stringify(value ?? null) !== JSON.stringify(record.fields[name] ?? null)));
    setBusy(true);
    setRefused(undefined);
    try {
      await ask(`/ledgers/${declared.name}/${record.id}/transitions`, { method: 'POST', body: { transition: step.name, version: record.version, fields: Object.keys(changed).length ? changed : undefined, reason: reason || undefined } });
      message.success(say('step_done', { step: label(step.title) }));
      onDone();
    } catch (failed) {
      const r = failed as Refused;
      const known = r.faults.filter((fault) => fields.some((field) => field.name === fault.field));
      form.setFields(known.map((fault) => ({ name: fault.field, errors: [fault.text] })));
      if (known.length < r.faults.length || !r.faults.length) setRefused(r);
    }
    setBusy(false);
  };
  return (
    <Modal open title={label(step.title)} onCancel={onClose} okText={label(step.title)} cancelText={say('cancel')} okButtonProps={{ loading: busy, danger: step.back }} onOk={form.submit}>
      {!!missing.length && <Alert type="warning" showIcon className="gap" message={say('evidence_missing', { names: missing.map((name) => label(declared.fields.find((field) => field.name === name)?.title) || name).join('、') })} />}
      <Form form={form} layout="vertical" initialValues={record.fields} onFinish={take}>
        {fields.map((field) => (
          <Form.Item key={field.name} name={field.name} label={label(field.title)} extra={label(field.help) || undefined}
            rules={step.require.includes(field.name) ? [{ required: true, message: say('is_missing') }] : undefined}><FieldInput field={field} /></Form.Item>
        ))}
        <Form.Item name="reason" label={say(step.reason ? 'step_reason' : 'step_words')} rules={step.reason ? [{ required: true, message: say('is_missing') }] : undefined}><Input.TextArea rows={3} maxLength={500} /></Form.Item>
      </Form>
      {refused && <Alert type="error" showIcon message={refused.code === 'conflict' ? say('conflict') : refused.faults[0]?.text || refused.message || why(say, refused)} />}
    </Modal>
  );
}

export function FlowPanel({ declared, record, onChanged }: { declared: Declaration; record: LedgerRecord; onChanged(): void }) {
  const say = useSay();
  const label = useLabel();
  const { message } = App.useApp();
  const { data: flow, refused, again } = useAsk<Flow>(`/ledgers/${declared.name}/${record.id}/flow`);
  const [step, setStep] = useState<Transition>();
  if (refused && !flow) return <Failed refused={refused} again={again} />;
  if (!flow) return <div className="loading" />;
  const done = () => {
    setStep(undefined);
    again();
    onChanged();
  };
  const act = (path: string) => ask(`/ledgers/${declared.name}/${record.id}/${path}`, { method: 'POST', body: {} }).then(() => { message.success(say('saved')); done(); }, (failed) => message.error((failed as Refused).faults[0]?.text || (failed as Refused).message));
  const started = flow.steps.length > 0;
  const states = new Map([flow.state, ...flow.transitions.map((one) => one.to)].map((state) => [state.name, label(state.title)]));
  return (
    <div className="flow">
      <div className="flow-now">
        <span className={`choice ${colours[flow.state.colour ?? ''] ?? (flow.state.final ? 'good' : 'low')}`}>{label(flow.state.title)}</span>
        {!flow.state.final && <Deadline at={flow.deadline} late={flow.late} />}
        <span className="quiet right">{label(flow.title)}</span>
      </div>
      <div className="flow-steps">
        {flow.transitions.map((one) => one.allowed
          ? <Button key={one.name} type={one.back ? 'default' : 'primary'} onClick={() => setStep(one)}>{label(one.title)}{one.agree ? ` ${one.signed?.length ?? 0}/${one.agree}` : ''}</Button>
          : <Tooltip key={one.name} title={one.why}><Button disabled>{label(one.title)}</Button></Tooltip>)}
        {flow.withdraw && <Button type="text" onClick={() => act('withdraw')}>{say('flow_withdraw')}</Button>}
        {!flow.state.final && started && <Button type="text" onClick={() => act('urge')}>{say('flow_urge')}</Button>}
      </div>
      <img className="flow-picture" alt={label(flow.title)} src={`/api/v1/workflows/${flow.flow}.svg?state=${flow.state.name}`} />
      <ol className="history">
        {[...flow.steps].reverse().map((one) => (
          <li key={one.seq}>
            <header><b>{label(flow.transitions.find((other) => other.name === one.step)?.title) || (kinds.has(one.kind) && one.kind !== 'step' ? say(`kind_${one.kind}` as Word) : one.step)}</b>
              <span>{one.who || say('jinwu')}</span>{states.has(one.to) && one.to !== one.from && <span className="quiet"><Glyph name="right" size={11} /> {states.get(one.to)}</span>}<span className="quiet right">{clock(one.at)}</span></header>
            {one.reason && <p className="reason">{one.reason}</p>}
          </li>
        ))}
      </ol>
      {step && <Take declared={declared} record={record} step={step} onDone={done} onClose={() => setStep(undefined)} />}
    </div>
  );
}
