// Queries from values: what a click on a value adds to what is asked.
const escape = (value: string) => value.replace(/\\/g, '\\\\').replace(/"/g, '\\"');

export function condition(field: string, value: unknown): string {
  if (value === null || value === undefined || value === '') return `not ${field}:*`;
  if (typeof value === 'number' || typeof value === 'boolean') return `${field}:${value}`;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return `${field}:"${escape(text)}"`;
}

const several = (query: string) => /\sor\s|\|\|/i.test(query);

export function narrowed(query: string, field: string, value: unknown, out: boolean): string {
  const one = condition(field, value);
  const added = out ? (one.startsWith('not ') ? one.slice(4) : `not ${one}`) : one;
  const before = query.trim();
  if (!before || before === '*') return added;
  if (before.includes(added)) return before;
  return `${several(before) ? `(${before})` : before} and ${added}`;
}

export const searchPath = (q: string, from = 'now-24h', inside: 'events' | 'alerts' = 'events') =>
  `/search?${new URLSearchParams({ q, from, ...(inside === 'alerts' ? { in: 'alerts' } : {}) })}`;
