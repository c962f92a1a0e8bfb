// One ledger: its list; one record beside it, with its form and its history. All from the declaration.
import { Button, Checkbox, Dropdown, Input, Popover, Select, Space, Table, Tag, type TableProps } from 'antd';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { Link, Route, Routes, useNavigate, useParams, useSearchParams } from 'react-router-dom';
import { query } from '../api/client';
import type { Declaration, Field, LedgerRecord } from '../api/types';
import { useAsk } from '../api/use';
import { Glyph } from '../parts/Glyph';
import { Failed, Nothing } from '../parts/Said';
import { FieldInput } from '../parts/FieldInput';
import { ImportTable } from '../parts/ImportTable';
import { RecordPanel } from '../parts/RecordPanel';
import { choicePath, Shown } from '../parts/ledger';
import { number } from '../parts/time';
import { useSize } from '../parts/useSize';
import { useLabel, useSay, useSettings, type Say } from '../settings';
import type { Word } from '../lang/words';

const PAGE = 100;
const unsortable = new Set(['computed', 'choices', 'references', 'attachment', 'geo']);

function operatorsOf(field: Field): string[] {
  const blank = ['empty', 'filled'];
  switch (field.type) {
    case 'text': case 'long_text': case 'url': case 'email': return ['contains', 'eq', ...blank];
    case 'number': case 'decimal': case 'date': case 'datetime': case 'time': case 'duration': return ['eq', 'ge', 'le', ...blank];
    case 'choices': case 'references': case 'attachment': case 'geo': return blank;
    default: return ['eq', 'ne', ...blank];
  }
}

function FilterMaker({ declared, onAdd }: { declared: Declaration; onAdd(filter: string): void }) {
  const say = useSay();
  const label = useLabel();
  const fields = declared.fields.filter((field) => field.may.includes('read') && field.type !== 'computed' && field.sensitivity === 'open');
  const [name, setName] = useState<string>();
  const [op, setOp] = useState<string>();
  const [value, setValue] = useState<unknown>();
  const [open, setOpen] = useState(false);
  const field = fields.find((one) => one.name === name);
  const wants = op && op !== 'empty' && op !== 'filled';
  const add = () => {
    onAdd(`${name}:${op}${wants ? `:${Array.isArray(value) ? value.join(',') : value}` : ''}`);
    setOpen(false);
    setName(undefined);
    setValue(undefined);
  };
  return (
    <Popover trigger="click" placement="bottomLeft" arrow={false} open={open} onOpenChange={setOpen} destroyOnHidden content={(
      <div className="filter-maker">
        <Select showSearch optionFilterProp="label" placeholder={say('filter_field')} value={name} options={fields.map((one) => ({ value: one.name, label: label(one.title) }))} aria-label={say('filter_field')}
          onChange={(next) => { setName(next); setOp(operatorsOf(fields.find((one) => one.name === next)!)[0]); setValue(undefined); }} />
        {field && <Select value={op} onChange={setOp} aria-label={say('filter_operator')} options={operatorsOf(field).map((one) => ({ value: one, label: say(`op_${one}` as Word) }))} />}
        {field && wants && (field.type === 'text' || field.type === 'long_text'
          ? <Input autoFocus value={(value as string) ?? ''} onChange={(event) => setValue(event.target.value)} onPressEnter={() => value && add()} aria-label={say('filter_value')} />
          : <FieldInput field={field} value={value} onChange={setValue} />)}
        <Button type="primary" disabled={!field || (!!wants && (value === undefined || value === null || value === ''))} onClick={add}>{say('filter_add')}</Button>
      </div>
    )}>
      <Button icon={<Glyph name="filter" size={14} />}>{say('filter')}</Button>
    </Popover>
  );
}

function FilterTag({ declared, filter, onClose, say }: { declared: Declaration; filter: string; onClose(): void; say: Say }) {
  const label = useLabel();
  const { language } = useSettings();
  const [name, op, ...rest] = filter.split(':');
  const field = declared.fields.find((one) => one.name === name);
  const value = rest.join(':');
  const numeric = /^\d+$/.test(value);
  return (
    <Tag closable onClose={(event) => { event.preventDefault(); onClose(); }} bordered={false} className="filter-tag">
      {label(field?.title) || name} {say(`op_${op}` as Word)}{' '}
      {value && field && (field.type === 'choice' || field.type === 'tree' ? choicePath(field.choices, value, language) : field.type === 'boolean' ? say(value === 'true' ? 'yes' : 'no')
        : <Shown field={field} value={numeric ? Number(value) : value} plain />)}
    </Tag>
  );
}

function List({ declared }: { declared: Declaration }) {
  const say = useSay();
  const label = useLabel();
  const navigate = useNavigate();
  const { '*': rest } = useParams();
  const [params, setParams] = useSearchParams();
  const [box, size] = useSize<HTMLDivElement>();
  const [importing, setImporting] = useState(false);
  const words = params.get('q') ?? '';
  const sort = params.get('sort') ?? '';
  const page = Math.max(1, Number(params.get('page')) || 1);
  const removed = params.get('removed') === '1';
  const filters = params.getAll('filter');
  const readable = declared.fields.filter((field) => field.may.includes('read'));
  const listed = (params.get('cols')?.split(',') ?? declared.list).map((name) => readable.find((field) => field.name === name)).filter((field): field is Field => !!field);
  const current = Number(/^(\d+)/.exec(rest ?? '')?.[1]) || undefined;

  const change = useCallback((values: Record<string, string | string[] | null>) => {
    setParams((before) => {
      const next = new URLSearchParams(before);
      for (const [name, value] of Object.entries<string | string[] | null>({ page: null, ...values })) {
        next.delete(name);
        if (Array.isArray(value)) for (const one of value) next.append(name, one);
        else if (value) next.set(name, value);
      }
      return next;
    }, { replace: true });
  }, [setParams]);

  const asked = new URLSearchParams();
  filters.forEach((filter) => asked.append('filter', filter));
  if (words) asked.set('q', words);
  if (sort) asked.set('sort', sort);
  if (removed) asked.set('removed', '1');
  const exported = asked.toString();
  asked.set('fields', [...new Set([...listed.map((field) => field.name), ...(declared.called ? [declared.called] : [])])].join(','));
  asked.set('limit', String(PAGE));
  if (page > 1) asked.set('offset', String((page - 1) * PAGE));
  asked.set('count', '1');
  const found = useAsk<{ records: LedgerRecord[]; total: number }>(`/ledgers/${declared.name}?${asked}`);
  const records = found.data?.records ?? [];
  const nothing = found.data && !records.length;
  const plain = !words && !filters.length && !removed;

  const columns: TableProps<LedgerRecord>['columns'] = useMemo(() => listed.map((field, i) => ({
    title: <span title={label(field.help) || undefined}>{label(field.title)}</span>,
    key: field.name,
    ellipsis: true,
    width: i === 0 ? 260 : ['number', 'decimal', 'computed', 'boolean'].includes(field.type) ? 110 : 170,
    align: ['number', 'decimal'].includes(field.type) ? 'right' as const : undefined,
    sorter: !unsortable.has(field.type) && field.sensitivity === 'open',
    sortOrder: sort === field.name ? 'ascend' as const : sort === `-${field.name}` ? 'descend' as const : null,
    render: (_: unknown, record: LedgerRecord) => i === 0
      ? <Link to={{ pathname: `/ledgers/${declared.name}/${record.id}`, search: params.toString() }} onClick={(event) => event.stopPropagation()}><Shown field={field} value={record.fields[field.name]} plain /></Link>
      : <Shown field={field} value={record.fields[field.name]} />,
  })), [listed.map((field) => field.name).join(), sort, label, declared, params]); // eslint-disable-line

  const path = (format: string) => `/api/v1/ledgers/${declared.name}/export?${exported ? `${exported}&` : ''}format=${format}`;
  return (
    <div className="ledger">
      <section className="ledger-list">
        <header className="page-head tight">
          <nav aria-label={say('navigation')} className="crumbs"><Link to="/ledgers">{say('ledgers')}</Link><Glyph name="right" size={12} /></nav>
          <h1 title={label(declared.about)}>{label(declared.title)}</h1>
          <span className="quiet cut about">{label(declared.about)}</span>
          <Space className="right">
            {declared.may.includes('export') && (
              <Dropdown trigger={['click']} menu={{ items: ['xlsx', 'csv', 'json'].map((format) => ({ key: format, label: <a href={path(format)} download>{say(`export_${format}` as Word)}</a> })) }}>
                <Button icon={<Glyph name="download" size={14} />}>{say('export')}</Button>
              </Dropdown>
            )}
            {declared.may.includes('import') && <Button icon={<Glyph name="upload" size={14} />} onClick={() => setImporting(true)}>{say('import')}</Button>}
            {declared.may.includes('create') && <Button type="primary" icon={<Glyph name="plus" size={14} />} onClick={() => navigate({ pathname: `/ledgers/${declared.name}/new`, search: params.toString() })}>{say('record_new')}</Button>}
          </Space>
        </header>
        <div className="toolbar">
          <Input.Search allowClear className="toolbar-search" placeholder={say('ledger_search')} defaultValue={words} key={words} onSearch={(text) => change({ q: text })} aria-label={say('ledger_search')} />
          <FilterMaker declared={declared} onAdd={(filter) => change({ filter: [...filters, filter] })} />
          <Dropdown trigger={['click']} popupRender={() => (
            <div className="column-menu">
              {readable.map((field) => (
                <Checkbox key={field.name} checked={listed.includes(field)} onChange={(event) => change({ cols: readable.filter((one) => (one === field ? event.target.checked : listed.includes(one))).map((one) => one.name).join(',') || null })}>
                  {label(field.title)}
                </Checkbox>
              ))}
              <Button size="small" type="link" onClick={() => change({ cols: null })}>{say('columns_preset')}</Button>
            </div>
          )}>
            <Button icon={<Glyph name="columns" size={14} />}>{say('columns')}</Button>
          </Dropdown>
          {declared.may.includes('delete') && <Checkbox checked={removed} onChange={(event) => change({ removed: event.target.checked ? '1' : null })}>{say('removed_ones')}</Checkbox>}
          {filters.map((filter) => <FilterTag key={filter} declared={declared} filter={filter} say={say} onClose={() => change({ filter: filters.filter((one) => one !== filter) })} />)}
          <span className="right quiet" role="status">{found.data ? say('records_count', { n: number(found.data.total) }) : ''}</span>
        </div>
        {found.refused && <Failed refused={found.refused} again={found.again} />}
        {nothing && plain && (
          <Nothing glyph="ledger" title={say('ledger_empty')} action={declared.may.includes('create')
            ? <Button type="primary" onClick={() => navigate(`/ledgers/${declared.name}/new`)}>{say('record_first')}</Button> : undefined}>
            {say(declared.may.includes('import') ? 'ledger_empty_import' : 'ledger_empty_about')}
          </Nothing>
        )}
        {nothing && !plain && <Nothing glyph="search" title={say('nothing_fits')} action={<Button onClick={() => change({ q: null, filter: [], removed: null })}>{say('filters_clear')}</Button>} />}
        {!nothing && !found.refused && (
          <div className="grow" ref={box}>
            {size.height > 60 && (
              <Table<LedgerRecord> virtual size="small" rowKey="id" dataSource={records} columns={columns} loading={found.busy && !found.data} showSorterTooltip={false}
                scroll={{ y: size.height - (found.data && found.data.total > PAGE ? 92 : 42), x: Math.max(size.width - 2, listed.reduce((n, field, i) => n + (i === 0 ? 260 : ['number', 'decimal', 'computed', 'boolean'].includes(field.type) ? 110 : 170), 0)) }}
                pagination={found.data && found.data.total > PAGE ? { current: page, pageSize: PAGE, total: found.data.total, showSizeChanger: false, size: 'small' } : false}
                rowClassName={(record) => (record.id === current ? 'row on' : 'row')}
                onRow={(record) => ({ onClick: () => navigate({ pathname: `/ledgers/${declared.name}/${record.id}`, search: params.toString() }) })}
                onChange={(pagination, _filters, sorter, extra) => {
                  const one = Array.isArray(sorter) ? sorter[0] : sorter;
                  if (extra.action === 'sort') change({ sort: one?.order ? `${one.order === 'descend' ? '-' : ''}${String(one.columnKey)}` : null });
                  else change({ page: String(pagination.current ?? 1) });
                }} />
            )}
          </div>
        )}
      </section>
      <Routes>
        <Route path="new" element={<RecordPanel declared={declared} onChanged={found.again} />} />
        <Route path=":id" element={<RecordPanel declared={declared} onChanged={found.again} />} />
      </Routes>
      {importing && <ImportTable declared={declared} onClose={() => setImporting(false)} onDone={found.again} />}
    </div>
  );
}

export default function Ledger() {
  const say = useSay();
  const label = useLabel();
  const { name } = useParams();
  const { data, refused, again } = useAsk<Declaration>(`/ledgers/${name}/declaration${query({})}`);
  useEffect(() => {
    if (data) document.title = `${label(data.title)} · ${say('jinwu')}`;
  }, [data, label, say]);
  if (refused) return <Failed refused={refused} again={again} />;
  if (!data) return <div className="loading" />;
  return <List key={data.name} declared={data} />;
}
