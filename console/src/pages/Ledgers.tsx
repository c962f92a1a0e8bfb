// Every ledger this person may open, by what it is about.
import { Input } from 'antd';
import { useMemo, useState } from 'react';
import { Link } from 'react-router-dom';
import type { LedgerAbout } from '../api/types';
import { useAsk } from '../api/use';
import { Failed, Nothing } from '../parts/Said';
import { Glyph } from '../parts/Glyph';
import { useLabel, useSay } from '../settings';
import type { Word } from '../lang/words';

// The ledgers that come with jinwu, as content/ledgers/README.md sorts them; a city's own stand first.
const groups: [Word, string[]][] = [
  ['ledgers_people', ['organisation', 'person', 'post', 'account', 'contact', 'duty_roster', 'operation_centre', 'responsibility']],
  ['ledgers_assets', ['system', 'server', 'terminal', 'network_device', 'application', 'data_asset', 'video_source', 'address_plan', 'internet_exit', 'link',
    'unit_boundary', 'machine_room', 'certificate_key', 'crypto_device']],
  ['ledgers_suppliers', ['supplier', 'supplier_person', 'supplier_evaluation', 'agreement', 'background_check', 'product_certificate', 'operator_authorisation', 'third_party_report']],
  ['ledgers_work', ['policy_document', 'acknowledgement', 'training', 'publicity', 'phishing_test', 'drill', 'emergency_plan', 'emergency_supply', 'work_plan',
    'meeting', 'action_item', 'inspection', 'inspection_finding', 'penetration_test', 'vulnerability', 'risk', 'baseline_result', 'accountability_case',
    'clue_handover', 'knowledge_case', 'expert_request', 'research_topic', 'record_destruction']],
  ['ledgers_compliance', ['checklist', 'control_item', 'security_assessment', 'mlps_filing', 'crypto_assessment', 'critical_infrastructure']],
  ['ledgers_data', ['data_catalogue', 'collection_ledger', 'data_use_application', 'exchange_task', 'data_destruction', 'backup', 'personal_information', 'dsmm_programme']],
  ['ledgers_projects', ['project', 'budget', 'cloud_migration', 'compute_census', 'domestic_adaptation', 'service_catalogue', 'service_order', 'satisfaction']],
];

export default function Ledgers() {
  const say = useSay();
  const label = useLabel();
  const [text, setText] = useState('');
  const { data, refused, again } = useAsk<{ ledgers: LedgerAbout[] }>('/ledgers');
  const sorted = useMemo(() => {
    const asked = text.trim().toLowerCase();
    const all = (data?.ledgers ?? []).filter((one) => !asked || [one.name, one.title.zh, one.title.en, one.about.zh, one.about.en].some((part) => part?.toLowerCase().includes(asked)));
    const named = new Set(groups.flatMap(([, names]) => names));
    const own = all.filter((one) => !named.has(one.name));
    return [
      ...(own.length ? [['ledgers_own', own] as const] : []),
      ...groups.map(([word, names]) => [word, names.map((name) => all.find((one) => one.name === name)).filter((one): one is LedgerAbout => !!one)] as const),
    ].filter(([, list]) => list.length);
  }, [data, text]);
  return (
    <div className="page-scroll">
      <header className="page-head">
        <h1>{say('ledgers')}</h1>
        {data && <span className="quiet">{say('ledgers_count', { n: data.ledgers.length })}</span>}
        <Input className="page-filter" allowClear prefix={<Glyph name="filter" size={14} />} placeholder={say('ledgers_filter')} aria-label={say('ledgers_filter')} value={text} onChange={(event) => setText(event.target.value)} />
      </header>
      {refused && !data && <Failed refused={refused} again={again} />}
      {data && !data.ledgers.length && <Nothing glyph="ledger" title={say('no_ledgers')}>{say('no_ledgers_about')}</Nothing>}
      {data && !!data.ledgers.length && !sorted.length && <Nothing glyph="search" title={say('nothing_fits')} />}
      {sorted.map(([word, list]) => (
        <section key={word} className="ledger-group">
          <h2>{say(word as Word)}<small>{list.length}</small></h2>
          <div className="ledger-grid">
            {list.map((one) => (
              <Link key={one.name} to={`/ledgers/${one.name}`} className="ledger-card">
                <b>{label(one.title)}</b>
                <p>{label(one.about)}</p>
                {!one.may.includes('create') && !one.may.includes('change') && <small>{say('read_only')}</small>}
              </Link>
            ))}
          </div>
        </section>
      ))}
    </div>
  );
}
