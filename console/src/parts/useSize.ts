// How large an element is, as it changes.
import { useCallback, useRef, useState } from 'react';

export function useSize<T extends HTMLElement>(): [(node: T | null) => void, { width: number; height: number }] {
  const [size, setSize] = useState({ width: 0, height: 0 });
  const watch = useRef<ResizeObserver>();
  const ref = useCallback((node: T | null) => {
    watch.current?.disconnect();
    if (!node) return;
    watch.current = new ResizeObserver(([entry]) => {
      const { width, height } = entry.contentRect;
      setSize((before) => (before.width === Math.floor(width) && before.height === Math.floor(height) ? before : { width: Math.floor(width), height: Math.floor(height) }));
    });
    watch.current.observe(node);
  }, []);
  return [ref, size];
}
