// Logging in, and what an account owes before it may go on: a password of its own.
import { Alert, Button, Form, Input } from 'antd';
import { useEffect, useState } from 'react';
import { ask, Refused } from '../api/client';
import type { Me } from '../api/types';
import { useAsk } from '../api/use';
import { sessionMark, useMe } from '../me';
import { Glyph } from '../parts/Glyph';
import { Mark } from '../parts/Mark';
import { useSay, useSettings } from '../settings';

// What an outside identity provider sent the browser back with.
const returned = /^#(ticket=|outside-)/.test(location.hash) ? location.hash : '';
if (returned) history.replaceState(null, '', location.pathname);

// A password alone gives a ticket when the account has a second factor.
type Entered = Me & { ticket?: string };

function Code({ ticket, onOver }: { ticket: string; onOver(): void }) {
  const say = useSay();
  const { setMe } = useMe();
  const [said, setSaid] = useState('');
  const [busy, setBusy] = useState(false);
  const send = async (values: { code: string }) => {
    setBusy(true);
    setSaid('');
    try {
      setMe(await ask<Me>('/login/totp', { method: 'POST', quiet: true, body: { ticket, code: values.code.trim(), bearer: false } }));
    } catch (refused) {
      const r = refused as Refused;
      if (r.code === 'wrong_ticket') onOver();
      else setSaid(r.status === 429 ? say('login_wait', { s: r.wait ?? 30 }) : r.status === 401 ? say('code_wrong') : r.message || say('away'));
    }
    setBusy(false);
  };
  return (
    <Form layout="vertical" requiredMark={false} onFinish={send} className="login-form">
      <h1>{say('code_title')}</h1>
      <p>{say('code_about')}</p>
      <Form.Item name="code" label={say('code')} rules={[{ required: true, message: say('is_missing') }]}>
        <Input size="large" autoFocus autoComplete="one-time-code" inputMode="numeric" maxLength={32} className="code" />
      </Form.Item>
      {said && <Alert type="error" showIcon message={said} className="login-said" />}
      <Button type="primary" htmlType="submit" size="large" block loading={busy}>{say('login')}</Button>
    </Form>
  );
}

// Getting a second factor: the secret into an app, a code of it back, recovery codes to keep.
export function SecondFactor({ onDone }: { onDone(): void }) {
  const say = useSay();
  const [given, setGiven] = useState<{ secret: string; uri: string }>();
  const [codes, setCodes] = useState<string[]>();
  const [said, setSaid] = useState('');
  const failed = (refused: unknown) => {
    const r = refused as Refused;
    setSaid(r.code === 'wrong_code' ? say('code_wrong') : r.message || say('away'));
  };
  useEffect(() => {
    ask<{ secret: string; uri: string }>('/me/totp', { method: 'POST', quiet: true, body: {} }).then(setGiven, failed);
  }, []); // eslint-disable-line
  const confirm = (values: { code: string }) => {
    setSaid('');
    ask<{ recovery_codes: string[] }>('/me/totp', { method: 'POST', quiet: true, body: { code: values.code.trim() } }).then((got) => setCodes(got.recovery_codes), failed);
  };
  if (codes) {
    return (
      <div className="login-form">
        <p>{say('recovery_about')}</p>
        <pre className="line">{codes.join('\n')}</pre>
        <Button type="primary" block onClick={onDone}>{say('recovery_kept')}</Button>
      </div>
    );
  }
  return (
    <Form layout="vertical" requiredMark={false} onFinish={confirm} className="login-form">
      {given && (
        <>
          <p>{say('secret_about')}</p>
          <pre className="line secret">{given.secret.replace(/(.{4})/g, '$1 ').trim()}</pre>
          <p><a href={given.uri}>{say('secret_open')}</a></p>
        </>
      )}
      <Form.Item name="code" label={say('code')} rules={[{ required: true, message: say('is_missing') }]}>
        <Input autoComplete="one-time-code" inputMode="numeric" maxLength={8} className="code" />
      </Form.Item>
      {said && <Alert type="error" showIcon message={said} className="login-said" />}
      <Button type="primary" htmlType="submit" block disabled={!given}>{say('second_confirm')}</Button>
    </Form>
  );
}

function Enter() {
  const say = useSay();
  const { setMe } = useMe();
  const [ticket, setTicket] = useState(() => (returned.startsWith('#ticket=') ? returned.slice(8) : ''));
  const { data: ways } = useAsk<{ oidc?: boolean; certificate?: boolean }>('/login');
  const [said, setSaid] = useState(returned === '#outside-denied' ? say('outside_denied') : returned === '#outside-down' ? say('outside_down') : '');
  const [busy, setBusy] = useState(false);
  const [form] = Form.useForm();
  const byCertificate = async () => {
    setSaid('');
    try {
      const entered = await ask<Entered>('/login/certificate', { method: 'POST', quiet: true, body: { bearer: false } });
      if (entered.ticket) setTicket(entered.ticket);
      else setMe(entered);
    } catch (refused) {
      setSaid((refused as Refused).status === 0 ? say('away') : say('no_certificate'));
    }
  };
  const enter = async (values: { user: string; password: string }) => {
    setBusy(true);
    setSaid('');
    try {
      const entered = await ask<Entered>('/login', { method: 'POST', quiet: true, body: { ...values, bearer: false } });
      if (entered.ticket) setTicket(entered.ticket);
      else setMe(entered);
    } catch (refused) {
      const r = refused as Refused;
      setSaid(r.status === 429 ? say('login_wait', { s: r.wait ?? 30 }) : r.code === 'too_many_sessions' ? say('too_many_sessions') : r.status === 401 ? say('login_wrong') : r.status === 0 ? say('away') : r.message);
      form.setFieldValue('password', '');
      setTimeout(() => (form.getFieldInstance('password') as { focus(): void } | undefined)?.focus());
    } finally {
      setBusy(false);
    }
  };
  if (ticket) return <Code ticket={ticket} onOver={() => { setTicket(''); setSaid(say('ticket_over')); }} />;
  return (
    <Form form={form} layout="vertical" requiredMark={false} onFinish={enter} className="login-form">
      <h1>{say('login_title')}</h1>
      <Form.Item name="user" label={say('user')} rules={[{ required: true, message: say('is_missing') }]}>
        <Input size="large" autoComplete="username" autoFocus maxLength={64} />
      </Form.Item>
      <Form.Item name="password" label={say('password')} rules={[{ required: true, message: say('is_missing') }]}>
        <Input.Password size="large" autoComplete="current-password" maxLength={256} />
      </Form.Item>
      {said && <Alert type="error" showIcon message={said} className="login-said" />}
      <Button type="primary" htmlType="submit" size="large" block loading={busy}>{say('login')}</Button>
      {ways?.oidc && <Button size="large" block className="login-other" onClick={() => { sessionMark.set(true); location.href = '/api/v1/login/oidc/start'; }}>{say('outside')}</Button>}
      {ways?.certificate && <Button size="large" block className="login-other" onClick={byCertificate}>{say('certificate')}</Button>}
    </Form>
  );
}

export function ChangePassword({ onDone, first }: { onDone(me: Me): void; first?: boolean }) {
  const say = useSay();
  const [said, setSaid] = useState('');
  const [busy, setBusy] = useState(false);
  const change = async (values: { old: string; fresh: string }) => {
    setBusy(true);
    setSaid('');
    try {
      onDone(await ask<Me>('/password', { method: 'POST', quiet: true, body: { old: values.old, new: values.fresh, bearer: false } }));
    } catch (refused) {
      const r = refused as Refused;
      setSaid(r.status === 401 ? say('old_wrong') : r.code === 'weak_password' ? say('password_weak', { why: r.message }) : r.message || say('away'));
    } finally {
      setBusy(false);
    }
  };
  const required = [{ required: true, message: say('is_missing') }];
  return (
    <Form layout="vertical" requiredMark={false} onFinish={change} className="login-form">
      {first && (
        <>
          <h1>{say('first_title')}</h1>
          <p>{say('first_about')}</p>
        </>
      )}
      <Form.Item name="old" label={say('password_old')} rules={required}>
        <Input.Password size={first ? 'large' : 'middle'} autoComplete="current-password" maxLength={256} autoFocus={first} />
      </Form.Item>
      <Form.Item name="fresh" label={say('password_new')} rules={required} extra={say('password_rule')}>
        <Input.Password size={first ? 'large' : 'middle'} autoComplete="new-password" maxLength={256} />
      </Form.Item>
      <Form.Item name="again" label={say('password_again')} dependencies={['fresh']}
        rules={[...required, ({ getFieldValue }) => ({
          validator: (_, value) => (!value || value === getFieldValue('fresh') ? Promise.resolve() : Promise.reject(new Error(say('password_differs')))),
        })]}>
        <Input.Password size={first ? 'large' : 'middle'} autoComplete="new-password" maxLength={256} />
      </Form.Item>
      {said && <Alert type="error" showIcon message={said} className="login-said" />}
      <Button type="primary" htmlType="submit" size={first ? 'large' : 'middle'} block loading={busy}>{say('password_change')}</Button>
    </Form>
  );
}

export default function Login() {
  const say = useSay();
  const { me, setMe } = useMe();
  const { language, setLanguage, theme, setTheme } = useSettings();
  const leave = () => ask('/logout', { method: 'POST', quiet: true }).catch(() => {}).then(() => setMe(null));
  useEffect(() => {
    document.title = `${say('jinwu')} · ${say('login')}`;
  }, [say]);
  return (
    <div className="login">
      <aside className="login-side" aria-hidden="true">
        <Mark size={52} />
        <b>{say('jinwu')}</b>
        <span>{say('about_jinwu')}</span>
      </aside>
      <main className="login-main">
        <div className="login-tools">
          <Button type="text" lang={language === 'en' ? 'zh-CN' : 'en'} onClick={() => setLanguage(language === 'en' ? 'zh' : 'en')}>
            {language === 'en' ? '中文' : 'English'}
          </Button>
          <Button type="text" aria-label={say('theme')} icon={<Glyph name={theme === 'dark' ? 'sun' : 'moon'} />}
            onClick={() => setTheme(theme === 'dark' ? 'light' : 'dark')} />
        </div>
        {!me && <Enter />}
        {me?.change_password && <ChangePassword first onDone={setMe} />}
        {me && !me.change_password && me.wants_second_factor && (
          <div className="login-form">
            <h1>{say('second_title')}</h1>
            <p>{say('second_about')}</p>
            <SecondFactor onDone={() => setMe({ ...me, wants_second_factor: false, second_factor: true })} />
          </div>
        )}
        {me && <Button type="link" onClick={leave}>{say('logout')}</Button>}
      </main>
    </div>
  );
}
