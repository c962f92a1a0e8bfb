// A value of an event: text, always text, with what can be asked from it.
import { App, Dropdown } from 'antd';
import { useNavigate } from 'react-router-dom';
import { useSay } from '../settings';
import { clock } from './time';
import { condition, searchPath } from './pivot';

export const textOf = (value: unknown): string =>
  value === null || value === undefined ? '' : typeof value === 'string' ? value : Array.isArray(value) ? value.map(textOf).join(', ') : JSON.stringify(value);

export function Value({ field, value, onPivot }:
{ field: string; value: unknown; onPivot?: (field: string, value: unknown, out: boolean) => void }) {
  const say = useSay();
  const { message } = App.useApp();
  const navigate = useNavigate();
  const shown = field === '@timestamp' || field === 'event.ingested' || field === 'event.start' || field === 'event.end' ? clock(value, true) : textOf(value);
  return (
    <Dropdown
      trigger={['click']}
      menu={{
        items: [
          ...(onPivot ? [
            { key: 'with', label: say('only_with'), onClick: () => onPivot(field, value, false) },
            { key: 'without', label: say('without_it'), onClick: () => onPivot(field, value, true) },
          ] : []),
          { key: 'events', label: say('events_with'), onClick: () => navigate(searchPath(condition(field, value))) },
          { key: 'alerts', label: say('alerts_with'), onClick: () => navigate(searchPath(condition(field, value), 'now-7d', 'alerts')) },
          {
            key: 'copy',
            label: say('copy'),
            onClick: () => navigator.clipboard?.writeText(textOf(value)).then(() => message.success(say('copied')), () => {}),
          },
        ],
      }}
    >
      <button type="button" className="value" title={shown}>{shown || '—'}</button>
    </Dropdown>
  );
}
