// A chart of ECharts: only the parts that are used, on canvas, in the colours of the theme. Tooltips are drawn, not HTML:
// the content security policy has no place for style attributes.
import { BarChart, LineChart, PieChart } from 'echarts/charts';
import { AriaComponent, GridComponent, LegendComponent, TooltipComponent } from 'echarts/components';
import { init, use, type EChartsCoreOption } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';
import { useEffect, useRef } from 'react';
import { useSettings } from '../settings';
import { palettes, sans, type Palette } from '../theme';

use([BarChart, LineChart, PieChart, GridComponent, LegendComponent, TooltipComponent, AriaComponent, CanvasRenderer]);

export default function Chart({ option, height, label, onClick }:
{ option: (p: Palette) => EChartsCoreOption; height: number; label: string; onClick?: (name: string, series: string) => void }) {
  const box = useRef<HTMLDivElement>(null);
  const { theme } = useSettings();
  const click = useRef(onClick);
  click.current = onClick;
  useEffect(() => {
    const p = palettes[theme];
    const chart = init(box.current!, undefined, { renderer: 'canvas' });
    chart.setOption({
      animationDuration: 200,
      textStyle: { fontFamily: sans, color: p.ink2, fontSize: 12 },
      ...option(p),
    });
    chart.on('click', (event) => click.current?.(String(event.name), String(event.seriesName)));
    const watch = new ResizeObserver(() => chart.resize());
    watch.observe(box.current!);
    return () => {
      watch.disconnect();
      chart.dispose();
    };
  }, [option, theme]);
  return <div ref={box} role="img" aria-label={label} className="chart" style={{ height }} />;
}
