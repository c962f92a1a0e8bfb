// One input for each type of field; what it gives is what the platform takes.
import { DatePicker, Input, InputNumber, Select, TimePicker, TreeSelect } from 'antd';
import dayjs from 'dayjs';
import { useEffect, useMemo, useRef, useState } from 'react';
import { ask, query } from '../api/client';
import type { Choices, Field, LedgerRecord } from '../api/types';
import { useLabel, useSay, useSettings, type Language } from '../settings';
import { choiceTitle, declarationOf, labelOf, targetOf } from './ledger';
import { bytes } from './time';

interface Props { id?: string; field: Field; value?: unknown; onChange?: (value: unknown) => void; disabled?: boolean; filter?: boolean }

function PickRecord({ id, ledger, several, value, onChange, disabled }: { id?: string; ledger: string; several: boolean; value: unknown; onChange?: (value: unknown) => void; disabled?: boolean }) {
  const say = useSay();
  const [options, setOptions] = useState<{ value: number; label: string }[]>([]);
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState(false);
  const turn = useRef(0);
  const look = async (text: string) => {
    const mine = ++turn.current;
    setBusy(true);
    try {
      const declared = await declarationOf(ledger);
      const page = await ask<{ records: LedgerRecord[] }>(`/ledgers/${ledger}${query({ q: text, fields: declared.called, limit: 50 })}`);
      if (mine === turn.current) setOptions(page.records.map((record) => ({ value: record.id, label: String(record.fields[declared.called ?? ''] ?? `#${record.id}`) })));
      setRefused(false);
    } catch {
      setRefused(true);
    }
    if (mine === turn.current) setBusy(false);
  };
  const ids = useMemo(() => (Array.isArray(value) ? value : value === null || value === undefined ? [] : [value]) as number[], [value]);
  const [chosen, setChosen] = useState<{ value: number; label: string }[]>([]);
  useEffect(() => {
    let here = true;
    void Promise.all(ids.map(async (id) => ({ value: id, label: await labelOf(ledger, id) }))).then((found) => here && setChosen(found));
    return () => { here = false; };
  }, [ids, ledger]);
  const all = [...options, ...chosen.filter((one) => !options.some((option) => option.value === one.value))];
  return (
    <Select id={id} mode={several ? 'multiple' : undefined} showSearch allowClear filterOption={false} disabled={disabled} loading={busy} options={all}
      value={several ? ids : ids[0]} placeholder={say('pick')} notFoundContent={busy ? say('loading') : say(refused ? 'forbidden' : 'none_there')}
      onFocus={() => !options.length && look('')} onSearch={(text) => { const mine = ++turn.current; setTimeout(() => mine === turn.current && look(text), 250); }}
      onChange={(next) => onChange?.(next ?? (several ? [] : null))} />
  );
}

interface Node { value: string; title: string; selectable: boolean; children?: Node[] }
function treeOf(choices: Choices, language: Language, above: string, leafOnly: boolean): Node[] {
  return Object.entries(choices).map(([word, choice]) => {
    const path = above ? `${above}/${word}` : word;
    const under = typeof choice === 'object' ? choice.under : undefined;
    return { value: path, title: choiceTitle(choice, word, language), selectable: !under || !leafOnly, children: under && treeOf(under, language, path, leafOnly) };
  });
}

export function FieldInput({ id, field, value, onChange, disabled }: Props) {
  const say = useSay();
  const label = useLabel();
  const { language } = useSettings();
  const ledger = targetOf(field);
  // without an example of its own a field carries that of its type, as JSON: good for a number or an address, odd for a name
  const own = field.example && !/^".*"$/.test(field.example);
  const example = field.example && (own || (field.type !== 'text' && field.type !== 'long_text')) ? say('for_example', { text: field.example.replace(/^"|"$/g, '') }) : undefined;
  const text = (value ?? '') as string;
  const options = () => Object.entries(field.choices ?? {}).map(([word, choice]) => ({ value: word, label: choiceTitle(choice, word, language) }));
  if (ledger) return <PickRecord id={id} ledger={ledger} several={field.type === 'references'} value={value} onChange={onChange} disabled={disabled} />;
  switch (field.type) {
    case 'long_text':
      return <Input.TextArea id={id} rows={4} maxLength={field.most} disabled={disabled} value={text} onChange={(event) => onChange?.(event.target.value || null)} />;
    case 'number': case 'decimal':
      return <InputNumber id={id} className="full" min={field.least} max={field.most} precision={field.type === 'number' ? 0 : field.scale} disabled={disabled}
        addonAfter={field.unit ? label(field.unit as string) : undefined} value={value as number} onChange={(next) => onChange?.(next)} changeOnWheel={false} />;
    case 'boolean':
      return <Select id={id} allowClear disabled={disabled} value={value as boolean | undefined} placeholder={say('pick')} onChange={(next) => onChange?.(next ?? null)}
        options={[{ value: true, label: say('yes') }, { value: false, label: say('no') }]} />;
    case 'choice':
      return <Select id={id} allowClear showSearch optionFilterProp="label" disabled={disabled} value={value as string | undefined} placeholder={say('pick')} options={options()} onChange={(next) => onChange?.(next ?? null)} />;
    case 'choices':
      return <Select id={id} mode="multiple" allowClear optionFilterProp="label" disabled={disabled} value={(value ?? []) as string[]} placeholder={say('pick')} options={options()} onChange={(next) => onChange?.(next)} />;
    case 'tree':
      return <TreeSelect id={id} allowClear showSearch treeNodeFilterProp="title" disabled={disabled} value={(value ?? undefined) as string | undefined} placeholder={say('pick')} treeDefaultExpandAll
        treeData={treeOf(field.choices ?? {}, language, '', !!field.leaf_only)} onChange={(next) => onChange?.(next ?? null)} />;
    case 'date':
      return <DatePicker id={id} className="full" disabled={disabled} value={text && dayjs(text).isValid() ? dayjs(text) : null} onChange={(next) => onChange?.(next ? next.format('YYYY-MM-DD') : null)} />;
    case 'datetime':
      return <DatePicker id={id} className="full" showTime disabled={disabled} value={text && dayjs(text).isValid() ? dayjs(text) : null} onChange={(next) => onChange?.(next ? next.format('YYYY-MM-DDTHH:mm:ssZ') : null)} />;
    case 'time':
      return <TimePicker id={id} className="full" disabled={disabled} value={text ? dayjs(`2000-01-01T${text}`) : null} onChange={(next) => onChange?.(next ? next.format('HH:mm:ss') : null)} />;
    case 'duration':
      return <Input id={id} disabled={disabled} value={typeof value === 'number' ? `${value}s` : text} placeholder={example} onChange={(event) => onChange?.(event.target.value || null)} />;
    case 'geo':
      return <Input id={id} disabled={disabled} className="code" placeholder={example} onChange={(event) => onChange?.(event.target.value || null)}
        value={value && typeof value === 'object' ? `${(value as { lat: number }).lat}, ${(value as { lon: number }).lon}` : text} />;
    case 'attachment': {
      const files = (value ?? []) as { name: string; size: number; sm3: string }[];
      return <span className="quiet">{files.length ? files.map((file) => `${file.name} (${bytes(file.size)})`).join('、') : say('attachments_by_command')}</span>;
    }
    default:
      return <Input id={id} disabled={disabled} maxLength={field.most} placeholder={example} value={text} onChange={(event) => onChange?.(event.target.value || null)}
        className={['ip', 'cidr', 'mac', 'url', 'email'].includes(field.type) ? 'code' : undefined} />;
  }
}
