// Who is here decides what is shown: the login page, or the shell with its pages.
import { App as AntApp, ConfigProvider } from 'antd';
import enUS from 'antd/locale/en_US';
import zhCN from 'antd/locale/zh_CN';
import dayjs from 'dayjs';
import 'dayjs/locale/zh-cn';
import { lazy, Suspense, useCallback, useEffect, useMemo, useState } from 'react';
import { BrowserRouter } from 'react-router-dom';
import { ask, onGone, Refused } from './api/client';
import type { Me } from './api/types';
import { MeContext, sessionMark } from './me';
import { Failed } from './parts/Said';
import { useSettings } from './settings';
import { configOf } from './theme';

const Shell = lazy(() => import('./shell/Shell'));
const Login = lazy(() => import('./pages/Login'));

function Inner() {
  const [me, setMe] = useState<Me | null | undefined>(); // undefined: not known yet
  const [refused, setRefused] = useState<Refused>();
  const look = useCallback(() => {
    setRefused(undefined);
    ask<Me>('/me', { quiet: true }).then(setMe, (why) => {
      if (why instanceof Refused && why.status === 401) setMe(null);
      else setRefused(why as Refused);
    });
  }, []);
  useEffect(() => {
    onGone.call = () => setMe(null);
    // asking /me without a session would put a failed request into the browser's log: the mark says whether to ask
    if (sessionMark.is() && !location.hash.startsWith('#ticket=') && !location.hash.startsWith('#outside-')) look();
    else setMe(null);
  }, [look]);
  const value = useMemo(() => ({
    me: me as Me,
    setMe(next: Me | null) {
      sessionMark.set(next !== null);
      setMe(next);
    },
    may: (power: string) => !!me?.powers.includes(power),
  }), [me]);
  if (refused) return <Failed refused={refused} again={look} />;
  if (me === undefined) return null;
  const inside = me && !me.change_password && !me.wants_second_factor;
  return (
    <MeContext.Provider value={value}>
      <Suspense fallback={null}>{inside ? <Shell /> : <Login />}</Suspense>
    </MeContext.Provider>
  );
}

export function App() {
  const { language, theme } = useSettings();
  const config = useMemo(() => configOf(theme), [theme]);
  dayjs.locale(language === 'en' ? 'en' : 'zh-cn');
  return (
    <ConfigProvider theme={config} locale={language === 'en' ? enUS : zhCN} componentSize="middle" wave={{ disabled: true }}
      button={{ autoInsertSpace: false }}>
      <AntApp component={false} message={{ maxCount: 2 }}>
        <BrowserRouter basename="/console" future={{ v7_startTransition: true, v7_relativeSplatPath: true }}>
          <Inner />
        </BrowserRouter>
      </AntApp>
    </ConfigProvider>
  );
}
