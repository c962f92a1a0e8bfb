// Asking while a component is shown: an answer, a refusal, or neither yet; again on demand or every so often.
import { useCallback, useEffect, useRef, useState } from 'react';
import { ask, Refused } from './client';

export interface Asked<T> { data?: T; refused?: Refused; busy: boolean; again(): void }

// `path` null: nothing is asked. What was shown stays until the next answer is there.
export function useAsk<T>(path: string | null, every_ms = 0): Asked<T> {
  const [state, setState] = useState<{ path: string | null; data?: T; refused?: Refused }>({ path });
  const [busy, setBusy] = useState(path !== null);
  const [turn, setTurn] = useState(0);
  const shown = useRef<string | null>(null);
  useEffect(() => {
    if (path === null) {
      setBusy(false);
      setState({ path });
      return undefined;
    }
    const end = new AbortController();
    if (shown.current !== path) setBusy(true);
    ask<T>(path, { signal: end.signal }).then(
      (data) => {
        shown.current = path;
        setState({ path, data });
        setBusy(false);
      },
      (why) => {
        if (end.signal.aborted) return;
        setState((before) => ({ path, data: before.path === path ? before.data : undefined, refused: why instanceof Refused ? why : new Refused(0, 'away', String(why)) }));
        setBusy(false);
      },
    );
    return () => end.abort();
  }, [path, turn]);
  useEffect(() => {
    if (!every_ms || path === null) return undefined;
    const timer = setInterval(() => document.visibilityState === 'visible' && setTurn((n) => n + 1), every_ms);
    return () => clearInterval(timer);
  }, [every_ms, path]);
  const again = useCallback(() => {
    setBusy(true);
    setTurn((n) => n + 1);
  }, []);
  return { data: state.data, refused: state.refused, busy, again };
}
