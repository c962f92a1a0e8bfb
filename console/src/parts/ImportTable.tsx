// A table comes in: first what it would change, cell by cell where it is wrong; only then is anything written.
import { Alert, Button, Checkbox, Input, Modal, Table, Upload } from 'antd';
import { useState } from 'react';
import { ask, query, Refused } from '../api/client';
import type { Declaration } from '../api/types';
import { useLabel, useSay } from '../settings';
import { Glyph } from './Glyph';
import { why } from './Said';
import { number } from './time';

interface Fault { row: number; cell: string; field: string; rule: string; text: string }
interface Preview { id: string; file: string; rows: number; new: number; changed: number; same: number; wrong: number; notes: { cell: string; text: string }[]; errors: Fault[]; errors_left_out: number }

export function ImportTable({ declared, onClose, onDone }: { declared: Declaration; onClose(): void; onDone(): void }) {
  const say = useSay();
  const label = useLabel();
  const [preview, setPreview] = useState<Preview>();
  const [refused, setRefused] = useState<Refused>();
  const [busy, setBusy] = useState(false);
  const [goodOnly, setGoodOnly] = useState(false);
  const [reason, setReason] = useState('');
  const [written, setWritten] = useState<number>();
  const run = async (act: () => Promise<void>) => {
    setBusy(true);
    setRefused(undefined);
    await act().catch((failed) => setRefused(failed as Refused));
    setBusy(false);
  };
  const look = (file: File) => run(async () => {
    setPreview(await ask<Preview>(`/ledgers/${declared.name}/import${query({ name: file.name })}`, { method: 'POST', body: file }));
  });
  const accept = () => run(async () => {
    const done = await ask<{ written: number }>(`/ledgers/${declared.name}/import/${preview!.id}/accept`, { method: 'POST', body: { good_only: goodOnly, why: reason || undefined } });
    setWritten(done.written);
    onDone();
  });
  const ready = preview && (preview.wrong === 0 || goodOnly) && preview.new + preview.changed > 0;
  return (
    <Modal open width={820} title={say('import_into', { title: label(declared.title) })} onCancel={onClose} footer={written !== undefined
      ? <Button type="primary" onClick={onClose}>{say('close')}</Button>
      : preview && [
        <Button key="again" onClick={() => { setPreview(undefined); setRefused(undefined); }} disabled={busy}>{say('import_other')}</Button>,
        <Button key="go" type="primary" loading={busy} disabled={!ready} onClick={accept}>{say('import_accept', { n: number(preview.new + preview.changed) })}</Button>,
      ]}>
      {refused && <Alert type="error" showIcon message={why(say, refused)} className="gap" />}
      {written !== undefined && <Alert type="success" showIcon message={say('import_written', { n: number(written) })} />}
      {written === undefined && !preview && (
        <>
          <Upload.Dragger accept=".csv,.xlsx" maxCount={1} showUploadList={false} disabled={busy} beforeUpload={(file) => { void look(file); return false; }}>
            <Glyph name="upload" size={28} />
            <p>{say(busy ? 'import_reading' : 'import_drop')}</p>
            <p className="quiet">{say('import_limits')}</p>
          </Upload.Dragger>
          <p className="quiet">{say('import_template')} <a href={`/api/v1/ledgers/${declared.name}/template.xlsx`} download>{say('template')}</a></p>
        </>
      )}
      {written === undefined && preview && (
        <>
          <div className="counts">
            <span><b>{number(preview.rows)}</b>{say('rows')}</span><span><b>{number(preview.new)}</b>{say('rows_new')}</span><span><b>{number(preview.changed)}</b>{say('rows_changed')}</span>
            <span><b>{number(preview.same)}</b>{say('rows_same')}</span><span className={preview.wrong ? 'bad' : ''}><b>{number(preview.wrong)}</b>{say('rows_wrong')}</span>
          </div>
          {preview.notes.map((note) => <Alert key={note.cell + note.text} type="warning" message={`${note.cell}: ${note.text}`} className="gap" />)}
          {!!preview.errors.length && (
            <>
              <Table<Fault> size="small" virtual rowKey={(fault) => fault.cell + fault.rule} dataSource={preview.errors} pagination={false} scroll={{ y: 260, x: 760 }} columns={[
                { title: say('cell'), dataIndex: 'cell', width: 80 },
                { title: say('field'), width: 160, render: (_, fault) => label(declared.fields.find((field) => field.name === fault.field)?.title) || fault.field },
                { title: say('fault'), dataIndex: 'text' },
              ]} />
              {preview.errors_left_out > 0 && <p className="quiet">{say('faults_more', { n: number(preview.errors_left_out) })}</p>}
              <Checkbox checked={goodOnly} onChange={(event) => setGoodOnly(event.target.checked)}>{say('import_good_only')}</Checkbox>
            </>
          )}
          <Input className="gap" value={reason} onChange={(event) => setReason(event.target.value)} placeholder={say('reason')} aria-label={say('reason')} maxLength={500} />
        </>
      )}
    </Modal>
  );
}
