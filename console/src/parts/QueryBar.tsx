// The query: asked on Enter; a mistake is shown at its place, as the platform told it.
import { AutoComplete, Input, type InputRef } from 'antd';
import { forwardRef, useEffect, useMemo, useState } from 'react';
import type { Refused } from '../api/client';
import { known } from '../lang/fields';
import { useSay, useSettings } from '../settings';

export const QueryBar = forwardRef<InputRef, { value: string; refused?: Refused; onAsk(text: string): void; hint?: string }>(
  ({ value, refused, onAsk, hint }, ref) => {
    const say = useSay();
    const { language } = useSettings();
    const [text, setText] = useState(value);
    const [open, setOpen] = useState(false);
    useEffect(() => setText(value), [value]);
    // names of fields complete the word at the end
    const options = useMemo(() => {
      const last = /(?:^|[\s(!])([@A-Za-z][\w.@]*)$/.exec(text)?.[1];
      if (!last || last.length < 2) return [];
      const begin = text.slice(0, text.length - last.length);
      return Object.entries(known).filter(([name]) => name.includes(last) && name !== last).slice(0, 9).map(([name, title]) => ({
        value: `${begin}${name}:`,
        label: <span className="complete"><span className="code">{name}</span><small>{language === 'zh' ? title : ''}</small></span>,
      }));
    }, [text, language]);
    const at = refused && refused.at !== undefined && text === value ? refused.at : undefined;
    return (
      <div className="query">
        <AutoComplete value={text} options={options} open={open && options.length > 0} onDropdownVisibleChange={setOpen} onChange={setText}
          defaultActiveFirstOption={false} popupMatchSelectWidth={360}>
          <Input ref={ref} className="code" allowClear spellCheck={false} autoComplete="off" status={refused ? 'error' : undefined} aria-label={say('query')}
            placeholder={hint ?? say('query_hint')} aria-describedby={refused ? 'query-why' : undefined}
            onPressEnter={(event) => {
              if (event.nativeEvent.isComposing) return;
              setOpen(false);
              onAsk((event.target as HTMLInputElement).value);
            }}
            onKeyDown={(event) => event.key.length === 1 && setOpen(true)} />
        </AutoComplete>
        {refused && (
          <div className="query-why" id="query-why" role="alert">
            {at !== undefined && (
              <pre>{[...value].slice(0, at).join('')}<mark>{[...value].slice(at, at + 1).join('') || ' '}</mark>{[...value].slice(at + 1).join('')}</pre>
            )}
            <span>{refused.message}</span>
          </div>
        )}
      </div>
    );
  },
);
