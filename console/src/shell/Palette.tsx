// ⌘K: go to a page, a ledger, or search for what was typed.
import { Modal } from 'antd';
import { useMemo, useState, type KeyboardEvent } from 'react';
import { useNavigate } from 'react-router-dom';
import { useAsk } from '../api/use';
import type { LedgerAbout } from '../api/types';
import { useMe } from '../me';
import { Glyph, type GlyphName } from '../parts/Glyph';
import { searchPath } from '../parts/pivot';
import { useLabel, useSay } from '../settings';
import type { Place } from './Shell';

interface Way { key: string; glyph: GlyphName; text: string; about: string; path: string }

export function Palette({ places, onClose }: { places: Place[]; onClose(): void }) {
  const say = useSay();
  const label = useLabel();
  const { may } = useMe();
  const navigate = useNavigate();
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const { data } = useAsk<{ ledgers: LedgerAbout[] }>('/ledgers');
  const ways = useMemo<Way[]>(() => {
    const asked = text.trim().toLowerCase();
    const has = (...parts: string[]) => !asked || parts.some((part) => part.toLowerCase().includes(asked));
    return [
      ...places.filter((place) => has(say(place.word), place.path)).map((place) => (
        { key: place.path, glyph: place.glyph, text: say(place.word), about: say('to_page'), path: place.path })),
      ...(data?.ledgers ?? []).filter((one) => asked && has(one.title.zh, one.title.en, one.name)).slice(0, 12).map((one) => (
        { key: `l ${one.name}`, glyph: 'ledger' as const, text: label(one.title), about: say('ledger'), path: `/ledgers/${one.name}` })),
      ...(asked && may('events.search') ? [
        { key: 'events', glyph: 'search' as const, text: text.trim(), about: say('find_events'), path: searchPath(text.trim()) },
        { key: 'alerts', glyph: 'alert' as const, text: text.trim(), about: say('find_alerts'), path: searchPath(text.trim(), 'now-7d', 'alerts') },
      ] : []),
    ];
  }, [text, places, data, say, label, may]);
  const go = (way?: Way) => {
    if (!way) return;
    onClose();
    navigate(way.path);
  };
  const press = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step) {
      event.preventDefault();
      setAt((now) => (now + step + ways.length) % Math.max(ways.length, 1));
    } else if (event.key === 'Enter') {
      event.preventDefault();
      go(ways[at]);
    }
  };
  return (
    <Modal open footer={null} closable={false} onCancel={onClose} width={620} className="palette" styles={{ body: { padding: 0 } }}
      title={<span className="hidden">{say('key_find')}</span>}>
      <div className="palette-ask">
        <Glyph name="search" size={18} />
        <input autoFocus value={text} placeholder={say('find_hint')} aria-label={say('find_hint')} spellCheck={false} role="combobox"
          aria-expanded="true" aria-controls="ways" aria-activedescendant={ways[at] ? `way-${at}` : undefined}
          onChange={(event) => { setText(event.target.value); setAt(0); }} onKeyDown={press} />
        <kbd>Esc</kbd>
      </div>
      <ul id="ways" role="listbox" className="palette-list">
        {ways.map((way, i) => (
          <li key={way.key} id={`way-${i}`} role="option" aria-selected={i === at} className={i === at ? 'on' : ''}
            onMouseMove={() => setAt(i)} onClick={() => go(way)}>
            <Glyph name={way.glyph} /><span className="cut">{way.text}</span><small>{way.about}</small>
          </li>
        ))}
        {!ways.length && <li className="none">{say('find_none')}</li>}
      </ul>
    </Modal>
  );
}
