// Values of records as people read them, and names for what a record points to.
import { Tag } from 'antd';
import { useEffect, useState } from 'react';
import { ask, query } from '../api/client';
import type { Choice, Choices, Declaration, Field, LedgerRecord } from '../api/types';
import { useLabel, useSay, type Say } from '../settings';
import { Link } from 'react-router-dom';
import { length } from './time';
import { clock } from './time';

const declarations = new Map<string, Promise<Declaration>>();
export function declarationOf(name: string): Promise<Declaration> {
  let known = declarations.get(name);
  if (!known) {
    known = ask<Declaration>(`/ledgers/${name}/declaration`);
    known.catch(() => declarations.delete(name));
    declarations.set(name, known);
  }
  return known;
}
export const forget = () => {
  declarations.clear();
  labels.clear();
};

export const targetOf = (field: Field): string | undefined =>
  field.type === 'person' ? 'person' : field.type === 'unit' ? 'organisation' : field.type === 'reference' || field.type === 'references' ? field.ledger : undefined;

// Names are asked for together: one request for all records of a page that point into a ledger.
const labels = new Map<string, string>();
const waiting = new Map<string, Map<number, ((text: string) => void)[]>>();

async function fetchLabels(ledger: string, asked: Map<number, ((text: string) => void)[]>) {
  const tell = (id: number, text: string) => {
    labels.set(`${ledger}/${id}`, text);
    asked.get(id)?.forEach((one) => one(text));
  };
  try {
    const declared = await declarationOf(ledger);
    const ids = [...asked.keys()];
    for (let i = 0; i < ids.length; i += 50) {
      const part = ids.slice(i, i + 50);
      const page = await ask<{ records: LedgerRecord[] }>(`/ledgers/${ledger}${query({ filter: `id:in:${part.join(',')}`, fields: declared.called, limit: 50 })}`);
      for (const record of page.records) tell(record.id, String(record.fields[declared.called ?? ''] ?? `#${record.id}`));
    }
  } catch {
    /* a ledger that this person may not read: the number stays */
  }
  for (const id of asked.keys()) if (!labels.has(`${ledger}/${id}`)) tell(id, `#${id}`);
}

export function labelOf(ledger: string, id: number): Promise<string> {
  const known = labels.get(`${ledger}/${id}`);
  if (known !== undefined) return Promise.resolve(known);
  return new Promise((done) => {
    let asked = waiting.get(ledger);
    if (!asked) {
      asked = new Map();
      waiting.set(ledger, asked);
      setTimeout(() => {
        const all = waiting.get(ledger)!;
        waiting.delete(ledger);
        void fetchLabels(ledger, all);
      }, 5);
    }
    asked.set(id, [...(asked.get(id) ?? []), done]);
  });
}

export function Reference({ ledger, id, plain }: { ledger: string; id: number; plain?: boolean }) {
  const [text, setText] = useState(labels.get(`${ledger}/${id}`) ?? '');
  useEffect(() => {
    let here = true;
    void labelOf(ledger, id).then((found) => here && setText(found));
    return () => { here = false; };
  }, [ledger, id]);
  if (plain) return <span>{text || '…'}</span>;
  return <Link to={`/ledgers/${ledger}/${id}`} onClick={(event) => event.stopPropagation()}>{text || '…'}</Link>;
}

const titleOf = (choice: Choice | undefined, word: string, language: 'zh' | 'en') =>
  choice === undefined ? word : typeof choice === 'string' ? choice : (language === 'en' ? choice.en ?? choice.zh : choice.zh ?? choice.en) ?? word;

// "server/linux" → 服务器 / Linux
export function choicePath(choices: Choices | undefined, path: string, language: 'zh' | 'en'): string {
  const out: string[] = [];
  let level = choices;
  for (const word of path.split('/')) {
    const choice: Choice | undefined = level?.[word];
    out.push(titleOf(choice, word, language));
    level = typeof choice === 'object' ? choice.under : undefined;
  }
  return out.join(' / ');
}
export const choiceTitle = titleOf;

const colours: Record<string, string> = { red: 'critical', orange: 'high', gold: 'medium', green: 'good', cyan: 'low', blue: 'low', purple: 'purple', grey: 'informational' };

function duration(say: Say, seconds: number) {
  return length(say, seconds);
}

export function Shown({ field, value, plain }: { field: Field; value: unknown; plain?: boolean }) {
  const say = useSay();
  const label = useLabel();
  const language = say('jinwu') === '金吾' ? 'zh' : 'en';
  if (value === null || value === undefined || value === '' || (Array.isArray(value) && !value.length)) return <span className="none">—</span>;
  const ledger = targetOf(field);
  if (ledger && typeof value === 'number') return <Reference ledger={ledger} id={value} plain={plain} />;
  if (ledger && Array.isArray(value)) return <span className="several">{value.map((id) => <Reference key={id} ledger={ledger} id={id as number} plain={plain} />)}</span>;
  switch (field.type) {
    case 'choice': {
      const choice = field.choices?.[String(value)];
      const colour = typeof choice === 'object' ? choice.colour : undefined;
      return <span className={`choice ${colours[colour ?? ''] ?? 'informational'}`}>{titleOf(choice, String(value), language)}</span>;
    }
    case 'choices':
      return <span className="several">{(value as unknown[]).map((one) => <Tag key={String(one)} bordered={false}>{titleOf(field.choices?.[String(one)], String(one), language)}</Tag>)}</span>;
    case 'tree':
      return <span>{choicePath(field.choices, String(value), language)}</span>;
    case 'boolean':
      return <span>{say(value ? 'yes' : 'no')}</span>;
    case 'duration':
      return <span>{typeof value === 'number' ? duration(say, value) : String(value)}</span>;
    case 'datetime':
      return <span className="time">{clock(value)}</span>;
    case 'date': case 'time':
      return <span className="time">{String(value)}</span>;
    case 'ip': case 'cidr': case 'mac': case 'url': case 'email':
      return <span className="code">{String(value)}</span>;
    case 'geo':
      return <span className="code">{typeof value === 'object' ? `${(value as { lat: number }).lat}, ${(value as { lon: number }).lon}` : String(value)}</span>;
    case 'attachment':
      return <span className="several">{(value as { name: string; sm3: string }[]).map((one) => <span key={one.sm3}>{one.name}</span>)}</span>;
    case 'number': case 'decimal': case 'computed': {
      const unit = label(field.unit as string);
      if (typeof value === 'boolean') return <span>{say(value ? 'yes' : 'no')}</span>;
      return <span className="figure">{String(value)}{unit && <small> {unit}</small>}</span>;
    }
    default:
      return <span>{typeof value === 'string' ? value : JSON.stringify(value)}</span>;
  }
}
