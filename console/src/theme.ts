// The look: one table of colours for each theme, given both to our own style sheet (as variables) and to Ant Design.
import { theme as antd, type ThemeConfig } from 'antd';

export type ThemeName = 'light' | 'dark';

export interface Palette {
  ground: string; paper: string; raised: string; hover: string; line: string; line2: string;
  ink: string; ink2: string; ink3: string;
  main: string; mainText: string; mainSoft: string; gold: string;
  critical: string; high: string; medium: string; low: string; informational: string; good: string; goodSoft: string;
  criticalSoft: string; highSoft: string; mediumSoft: string; lowSoft: string; informationalSoft: string;
  bar: string; barHover: string; shadow: string;
}

// Every text colour has 4.5:1 or more on paper and ground (WCAG AA).
export const palettes: Record<ThemeName, Palette> = {
  light: {
    ground: '#f3f5f8', paper: '#ffffff', raised: '#ffffff', hover: '#f2f5fa', line: '#dfe3ea', line2: '#edf0f4',
    ink: '#161b26', ink2: '#454e5f', ink3: '#5d6778',
    main: '#2251d1', mainText: '#1f4bc4', mainSoft: '#e8eefd', gold: '#8f6514',
    critical: '#b5123e', high: '#b93a08', medium: '#8a5a00', low: '#1f4bc4', informational: '#56606f', good: '#0b7a4b',
    goodSoft: '#e2f5ec', criticalSoft: '#fde7ec', highSoft: '#feece2', mediumSoft: '#fdf1d3', lowSoft: '#e8eefd',
    informationalSoft: '#edf0f4', bar: '#7d9df0', barHover: '#2251d1', shadow: '0 8px 28px rgba(22, 27, 38, .14)',
  },
  dark: {
    ground: '#0c0f14', paper: '#13171e', raised: '#1a1f28', hover: '#1b212b', line: '#2a313d', line2: '#1f252f',
    ink: '#e7eaf0', ink2: '#b1b9c7', ink3: '#919bac',
    main: '#2f66e6', mainText: '#82aaff', mainSoft: '#1a2747', gold: '#e2b75c',
    critical: '#ff7590', high: '#ff9a62', medium: '#e8bb4e', low: '#82aaff', informational: '#a3acbb', good: '#4cc38a',
    goodSoft: '#12301f', criticalSoft: '#3b1620', highSoft: '#39200f', mediumSoft: '#332708', lowSoft: '#1a2747',
    informationalSoft: '#232a35', bar: '#4068bd', barHover: '#82aaff', shadow: '0 10px 32px rgba(0, 0, 0, .55)',
  },
};

export const sans =
  '"Inter", "Segoe UI", system-ui, -apple-system, "PingFang SC", "Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", sans-serif';
export const mono =
  '"JetBrains Mono", "SF Mono", "Cascadia Mono", Consolas, "DejaVu Sans Mono", "Noto Sans Mono CJK SC", monospace';

export function configOf(name: ThemeName): ThemeConfig {
  const p = palettes[name];
  return {
    cssVar: { key: 'jw' },
    hashed: false,
    algorithm: name === 'dark' ? antd.darkAlgorithm : antd.defaultAlgorithm,
    token: {
      fontFamily: sans, fontFamilyCode: mono, fontSize: 13, controlHeight: 32, controlHeightSM: 26, borderRadius: 6,
      borderRadiusSM: 4, borderRadiusLG: 8, wireframe: false, motionDurationMid: '0.12s', motionDurationSlow: '0.18s',
      colorPrimary: p.main, colorLink: p.mainText, colorLinkHover: p.mainText, colorInfo: p.main, colorError: p.critical,
      colorWarning: p.medium, colorSuccess: p.good, colorText: p.ink, colorTextSecondary: p.ink2, colorTextTertiary: p.ink3,
      colorTextQuaternary: p.ink3, colorTextDescription: p.ink3, colorTextPlaceholder: p.ink3, colorTextDisabled: p.ink3,
      colorBgLayout: p.ground, colorBgContainer: p.paper, colorBgElevated: p.raised, colorBorder: p.line,
      colorBorderSecondary: p.line2, colorSplit: p.line2, boxShadow: p.shadow, boxShadowSecondary: p.shadow,
    },
    components: {
      Table: { headerBg: p.paper, headerColor: p.ink3, headerSplitColor: 'transparent', rowHoverBg: p.hover, cellPaddingBlockSM: 7,
        cellPaddingInlineSM: 10, rowSelectedBg: p.mainSoft, rowSelectedHoverBg: p.mainSoft, borderColor: p.line2 },
      Button: { primaryShadow: 'none', defaultShadow: 'none', dangerShadow: 'none', fontWeight: 500 },
      Segmented: { itemSelectedBg: name === 'dark' ? '#303a4a' : p.raised, trackBg: p.line2, itemColor: p.ink2, itemSelectedColor: p.ink },
      Form: { itemMarginBottom: 18, verticalLabelPadding: '0 0 4px' },
      Tabs: { titleFontSize: 13, horizontalItemPadding: '8px 0' },
      Tag: { defaultBg: p.informationalSoft, defaultColor: p.ink2 },
      Drawer: { paddingLG: 16 },
    },
  };
}

// Through the object model, which the content security policy leaves alone; attributes it would refuse.
export function apply(name: ThemeName) {
  const root = document.documentElement;
  root.dataset.theme = name;
  root.style.colorScheme = name;
  for (const [key, value] of Object.entries(palettes[name])) root.style.setProperty(`--${key}`, value);
  root.style.setProperty('--sans', sans);
  root.style.setProperty('--mono', mono);
}
