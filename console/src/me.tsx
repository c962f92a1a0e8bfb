// Who is logged in, for every component.
import { createContext, useContext } from 'react';
import type { Me } from './api/types';

interface Value { me: Me; setMe(me: Me | null): void; may(power: string): boolean }
export const MeContext = createContext<Value>(null as unknown as Value);
export const useMe = () => useContext(MeContext);

// Whether this browser logged in before; the cookie itself is out of reach of scripts.
export const sessionMark = {
  is: () => {
    try {
      return localStorage.getItem('session') === '1';
    } catch {
      return true;
    }
  },
  set: (on: boolean) => {
    try {
      if (on) localStorage.setItem('session', '1');
      else localStorage.removeItem('session');
    } catch {
      /* then /me is asked each time */
    }
  },
};
