// The frame around every page: what there is (for this person), who is here, and the keys that lead everywhere.
import { Button, Dropdown, Modal, Tooltip } from 'antd';
import { lazy, Suspense, useEffect, useMemo, useState } from 'react';
import { NavLink, Navigate, Route, Routes, useLocation, useNavigate } from 'react-router-dom';
import { ask } from '../api/client';
import type { Word } from '../lang/words';
import { useMe } from '../me';
import { Glyph, type GlyphName } from '../parts/Glyph';
import { Mark } from '../parts/Mark';
import { useSay, useSettings } from '../settings';
import { Guard } from './Guard';
import { Keys } from './Keys';
import { Palette } from './Palette';

const Home = lazy(() => import('../pages/Home'));
const Search = lazy(() => import('../pages/Search'));
const Alerts = lazy(() => import('../pages/Alerts'));
const Ledgers = lazy(() => import('../pages/Ledgers'));
const Ledger = lazy(() => import('../pages/Ledger'));
const Tasks = lazy(() => import('../pages/Tasks'));
const Status = lazy(() => import('../pages/Status'));
const Accounts = lazy(() => import('../pages/Accounts'));
const Audit = lazy(() => import('../pages/Audit'));
const Me = lazy(() => import('../pages/Me'));

export interface Place { path: string; word: Word; glyph: GlyphName; power?: string; key: string; group: Word }
export const places: Place[] = [
  { path: '/home', word: 'home', glyph: 'home', key: 'h', group: 'group_work' },
  { path: '/tasks', word: 'tasks', glyph: 'tasks', key: 't', group: 'group_work' },
  { path: '/alerts', word: 'alerts', glyph: 'alert', power: 'alerts.read', key: 'a', group: 'group_watch' },
  { path: '/search', word: 'search', glyph: 'search', power: 'events.search', key: 's', group: 'group_watch' },
  { path: '/ledgers', word: 'ledgers', glyph: 'ledger', key: 'l', group: 'group_records' },
  { path: '/status', word: 'status', glyph: 'status', power: 'status.read', key: 'z', group: 'group_platform' },
  { path: '/accounts', word: 'accounts', glyph: 'people', power: 'accounts.read', key: 'u', group: 'group_platform' },
  { path: '/audit', word: 'audit', glyph: 'audit', power: 'audit.read', key: 'd', group: 'group_platform' },
];

const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

export default function Shell() {
  const say = useSay();
  const { me, setMe, may } = useMe();
  const { language, setLanguage, theme, setTheme } = useSettings();
  const navigate = useNavigate();
  const location = useLocation();
  const [narrow, setNarrow] = useState(() => window.innerWidth < 1280);
  const [finding, setFinding] = useState(false);
  const [keys, setKeys] = useState(false);
  const [menu, setMenu] = useState(false);
  const mine = useMemo(() => places.filter((place) => !place.power || may(place.power)), [may]);
  const here = mine.find((place) => location.pathname.startsWith(place.path));

  useEffect(() => {
    document.title = here ? `${say(here.word)} · ${say('jinwu')}` : say('jinwu');
  }, [here, say]);

  useEffect(() => {
    let before = 0; // when "g" was pressed: "g a" goes to the alerts
    const press = (event: KeyboardEvent) => {
      if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        setFinding(true);
        return;
      }
      if (event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target)) return;
      if (event.key === '?') setKeys(true);
      else if (event.key === 'g') before = event.timeStamp;
      else if (event.timeStamp - before < 1200) {
        const place = mine.find((one) => one.key === event.key);
        before = 0;
        if (place) {
          event.preventDefault();
          event.stopImmediatePropagation();
          navigate(place.path);
        }
      }
    };
    window.addEventListener('keydown', press, true);
    return () => window.removeEventListener('keydown', press, true);
  }, [mine, navigate]);

  const leave = () => ask('/logout', { method: 'POST', quiet: true }).catch(() => {}).then(() => setMe(null));
  let group = '';
  return (
    <div className={narrow ? 'shell narrow' : 'shell'}>
      <a className="skip" href="#page">{say('skip')}</a>
      <nav className="nav" aria-label={say('navigation')}>
        <NavLink to="/home" className="brand" aria-label={say('jinwu')}><Mark />{!narrow && <b>{say('jinwu')}</b>}</NavLink>
        <div className="nav-list">
          {mine.map((place) => {
            const head = place.group !== group && !narrow ? <div className="nav-group" key={place.group}>{say(place.group)}</div> : null;
            group = place.group;
            const link = (
              <NavLink key={place.path} to={place.path} className="nav-link" aria-label={say(place.word)}>
                <Glyph name={place.glyph} size={18} />{!narrow && <span>{say(place.word)}</span>}
              </NavLink>
            );
            return narrow ? <Tooltip key={place.path} title={say(place.word)} placement="right">{link}</Tooltip> : [head, link];
          })}
        </div>
        <button type="button" className="nav-fold" onClick={() => setNarrow(!narrow)} aria-label={say(narrow ? 'unfold' : 'fold')}>
          <Glyph name="fold" size={18} />{!narrow && <span>{say('fold')}</span>}
        </button>
      </nav>
      <header className="bar-top">
        <button type="button" className="find" onClick={() => setFinding(true)}>
          <Glyph name="search" /><span>{say('find_hint')}</span><kbd>{/Mac/.test(navigator.platform) ? '⌘K' : 'Ctrl K'}</kbd>
        </button>
        <div className="top-tools">
          <Tooltip title={say('keys')}>
            <Button type="text" aria-label={say('keys')} icon={<Glyph name="keyboard" size={18} />} onClick={() => setKeys(true)} />
          </Tooltip>
          <Tooltip title={say('theme')}>
            <Button type="text" aria-label={say('theme')} icon={<Glyph name={theme === 'dark' ? 'sun' : 'moon'} size={18} />}
              onClick={() => setTheme(theme === 'dark' ? 'light' : 'dark')} />
          </Tooltip>
          <Button type="text" className="language" lang={language === 'en' ? 'zh-CN' : 'en'}
            onClick={() => setLanguage(language === 'en' ? 'zh' : 'en')}>{language === 'en' ? '中文' : 'EN'}</Button>
          <Dropdown open={menu} onOpenChange={setMenu} trigger={['click']} placement="bottomRight" menu={{ items: [
            { key: 'me', label: say('me'), icon: <Glyph name="user" />, onClick: () => navigate('/me') },
            { type: 'divider' },
            { key: 'leave', label: say('logout'), icon: <Glyph name="leave" />, onClick: leave },
          ] }}>
            <Button type="text" className="who"><span className="face">{me.user.slice(0, 1).toUpperCase()}</span>{me.user}</Button>
          </Dropdown>
        </div>
      </header>
      <main className="page" id="page" tabIndex={-1}>
        <Guard key={location.pathname.split('/')[1]}>
          <Suspense fallback={<div className="loading" role="status" aria-label={say('loading')} />}>
            <Routes>
              <Route path="/home" element={<Home />} />
              <Route path="/tasks" element={<Tasks />} />
              {may('alerts.read') && <Route path="/alerts" element={<Alerts />} />}
              {may('events.search') && <Route path="/search" element={<Search />} />}
              <Route path="/ledgers" element={<Ledgers />} />
              <Route path="/ledgers/:name/*" element={<Ledger />} />
              {may('status.read') && <Route path="/status" element={<Status />} />}
              {may('accounts.read') && <Route path="/accounts/*" element={<Accounts />} />}
              {may('audit.read') && <Route path="/audit" element={<Audit />} />}
              <Route path="/me" element={<Me />} />
              <Route path="*" element={<Navigate to="/home" replace />} />
            </Routes>
          </Suspense>
        </Guard>
      </main>
      {finding && <Palette places={mine} onClose={() => setFinding(false)} />}
      <Modal open={keys} onCancel={() => setKeys(false)} footer={null} title={say('keys')} width={560}>
        <Keys places={mine} />
      </Modal>
    </div>
  );
}

