// What a person chose for this browser: language and theme.
import { createContext, useCallback, useContext, useEffect, useMemo, useState, type ReactNode } from 'react';
import { apply, type ThemeName } from './theme';
import { words, type Word } from './lang/words';

export type Language = 'zh' | 'en';
export interface Label { zh: string; en: string }

interface Settings {
  language: Language;
  theme: ThemeName;
  setLanguage(language: Language): void;
  setTheme(theme: ThemeName): void;
}

const Context = createContext<Settings>(null as unknown as Settings);

const kept = (name: string) => {
  try {
    return localStorage.getItem(name);
  } catch {
    return null; // browsers may forbid it; then the choice lasts as long as the page
  }
};
const keep = (name: string, value: string) => {
  try {
    localStorage.setItem(name, value);
  } catch {
    /* see above */
  }
};

let current: Language = kept('language') === 'en' ? 'en' : 'zh';
export const languageNow = () => current; // for requests, which no component makes

export function Settings({ children }: { children: ReactNode }) {
  const [language, setLanguageState] = useState<Language>(current);
  const [theme, setThemeState] = useState<ThemeName>(() => {
    const chosen = kept('theme');
    if (chosen === 'light' || chosen === 'dark') return chosen;
    return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
  });
  useMemo(() => apply(theme), [theme]);
  useEffect(() => {
    document.documentElement.lang = language === 'en' ? 'en' : 'zh-CN';
  }, [language]);
  const value = useMemo<Settings>(() => ({
    language,
    theme,
    setLanguage(next) {
      current = next;
      keep('language', next);
      setLanguageState(next);
    },
    setTheme(next) {
      keep('theme', next);
      setThemeState(next);
    },
  }), [language, theme]);
  return <Context.Provider value={value}>{children}</Context.Provider>;
}

export const useSettings = () => useContext(Context);

export type Say = (word: Word, values?: Record<string, string | number>) => string;

// say('found', {n: 3}): the word in the language of the reader, with {n} filled in.
export function useSay(): Say {
  const { language } = useSettings();
  return useCallback((word, values) => {
    const text = words[word][language === 'en' ? 1 : 0];
    return values ? text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole)) : text;
  }, [language]);
}

// A label of a declaration: either language, or the other one where it is missing.
export function useLabel() {
  const { language } = useSettings();
  return useCallback((label?: Label | string | null) => {
    if (!label) return '';
    if (typeof label === 'string') return label;
    return (language === 'en' ? label.en || label.zh : label.zh || label.en) || '';
  }, [language]);
}
