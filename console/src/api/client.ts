// One way to ask jw-api. Whatever is refused comes back as Refused, with what the platform said.
import { languageNow } from '../settings';

export interface Fault { field: string; rule: string; text: string }

export class Refused extends Error {
  constructor(
    readonly status: number, // 0: no answer at all
    readonly code: string,
    message: string,
    readonly at?: number,
    readonly faults: Fault[] = [],
    readonly body?: Record<string, unknown>,
    readonly wait?: number,
  ) {
    super(message);
  }
}

export const onGone = { call: () => {} }; // the session ended: the shell shows the login page

interface Asking { method?: string; body?: unknown; signal?: AbortSignal; quiet?: boolean }

async function answerOf(path: string, asking: Asking): Promise<Response> {
  const headers: Record<string, string> = { 'X-Jinwu': '1', 'Accept-Language': languageNow() === 'en' ? 'en' : 'zh-CN' };
  if (asking.body !== undefined && !(asking.body instanceof Blob)) headers['Content-Type'] = 'application/json';
  try {
    return await fetch(`/api/v1${path}`, {
      method: asking.method ?? 'GET',
      headers,
      credentials: 'same-origin',
      signal: asking.signal,
      body: asking.body === undefined ? undefined : asking.body instanceof Blob ? asking.body : JSON.stringify(asking.body),
    });
  } catch (why) {
    if ((why as Error).name === 'AbortError') throw why;
    throw new Refused(0, 'away', '');
  }
}

export async function ask<T>(path: string, asking: Asking = {}): Promise<T> {
  const answer = await answerOf(path, asking);
  const text = await answer.text();
  let body: any = {};
  try {
    body = text ? JSON.parse(text) : {};
  } catch {
    throw new Refused(answer.status, 'not_json', text.slice(0, 200));
  }
  if (answer.ok) return body as T;
  const error = body.error ?? {};
  if (answer.status === 401 && !asking.quiet) onGone.call();
  throw new Refused(answer.status, error.code ?? 'unknown', error.message ?? '', error.at, error.faults ?? [], body,
    Number(answer.headers.get('Retry-After')) || undefined);
}

export function query(values: Record<string, string | number | boolean | undefined | null>): string {
  const out = new URLSearchParams();
  for (const [name, value] of Object.entries(values))
    if (value !== undefined && value !== null && value !== '' && value !== false) out.set(name, String(value));
  const text = out.toString();
  return text ? `?${text}` : '';
}
