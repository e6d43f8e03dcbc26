// One line over a fixed span of time up to now, in a panel of its own. uPlot draws on a canvas; readers who do not
// see it get the same in a sentence. Pointing at the line shows the value there instead of the latest.
import { useEffect, useMemo, useRef, useState } from "react";
import uPlot from "uplot";
import { useText } from "../i18n/index.ts";
import { useResolvedTheme } from "../lib/theme.ts";

const kHeight = 148;
const kMinuteS = 60;

export interface TimeChartProps {
  name: string;
  note: string;
  line: { xs: number[]; ys: (number | null)[] };
  span: { from: number; to: number }; // seconds since the epoch
  tone: "river" | "bronze";
  /** The top of the scale never falls below this, so that noise around zero looks like noise. */
  atLeast: number;
  word: (value: number) => string;
  /** The same for the few marks of the scale. */
  mark: (value: number) => string;
}

export function TimeChart({ name, note, line, span, tone, atLeast, word, mark }: TimeChartProps) {
  const { t, format, locale } = useText();
  const theme = useResolvedTheme();
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const [pointed, setPointed] = useState<number>();

  const known = line.ys.filter((y) => y !== null);
  const drawable = known.length > 1;
  const latest = known.at(-1);
  const shown = (pointed === undefined ? undefined : line.ys[pointed]) ?? latest;
  const pointedAt = pointed === undefined ? undefined : line.xs[pointed];

  // What the drawing callbacks read: they outlive the render that made them.
  const live = useRef({ mark, format, t, atLeast });
  live.current = { mark, format, t, atLeast };
  const data = useMemo<uPlot.AlignedData>(() => [line.xs, line.ys], [line.xs, line.ys]);
  const latestData = useRef({ data, span });
  latestData.current = { data, span };

  // A canvas cannot follow tokens or words by itself: it is made anew when the theme or the language changes.
  // biome-ignore lint/correctness/useExhaustiveDependencies: theme and locale are such changes
  useEffect(() => {
    const element = host.current;
    if (!element || !drawable) return;
    const chart = new uPlot(options(element, tone, live, setPointed), latestData.current.data, element);
    chart.setScale("x", { min: latestData.current.span.from, max: latestData.current.span.to });
    plot.current = chart;
    const observer = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: kHeight }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      chart.destroy();
      plot.current = undefined;
    };
  }, [drawable, theme, locale, tone]);

  useEffect(() => {
    plot.current?.batch((chart: uPlot) => {
      chart.setData(data, false);
      chart.setScale("x", { min: span.from, max: span.to });
    });
  }, [data, span.from, span.to]);

  const summary = drawable
    ? t("chart.summary", {
        name,
        latest: latest === undefined ? t("figure.none") : word(latest),
        low: word(Math.min(...known)),
        high: word(Math.max(...known)),
      })
    : `${name}: ${t("chart.waiting")}`;

  return (
    <figure className="panel min-w-0 p-4 sm:p-5">
      <figcaption className="mb-3 flex items-baseline justify-between gap-4">
        <span className="text-sm text-ink-soft">{name}</span>
        <span className="text-sm font-semibold">
          {pointedAt !== undefined && (
            <span className="mr-2 font-normal text-ink-faint">{format.time(new Date(pointedAt * 1000))}</span>
          )}
          {shown === undefined ? t("figure.none") : word(shown)}
        </span>
      </figcaption>
      {drawable ? (
        <div ref={host} role="img" aria-label={summary} className="h-37 overflow-hidden" />
      ) : (
        <p className="flex h-37 items-center justify-center rounded-lg bg-sunken px-6 text-center text-sm text-ink-soft">
          {t("chart.waiting")}
        </p>
      )}
      <p className="mt-3 text-2xs text-ink-faint">{note}</p>
    </figure>
  );
}

interface Live {
  current: {
    mark: (value: number) => string;
    format: ReturnType<typeof useText>["format"];
    t: ReturnType<typeof useText>["t"];
    atLeast: number;
  };
}

function options(
  element: HTMLElement,
  tone: TimeChartProps["tone"],
  live: Live,
  onPoint: (index: number | undefined) => void,
): uPlot.Options {
  const colour = resolveToken(element, tone);
  const font = `12px ${getComputedStyle(element).fontFamily}`;
  const axis: uPlot.Axis = {
    stroke: resolveToken(element, "ink-faint"),
    font,
    ticks: { show: false },
    border: { show: false },
  };
  const grid = { stroke: resolveToken(element, "line"), width: 1 };
  return {
    width: element.clientWidth,
    height: kHeight,
    padding: [8, 20, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false, setScale: false }, points: { size: 7, width: 2 } },
    scales: {
      x: { time: false },
      y: { range: (_chart, _min, max) => [0, niceTop(Math.max(max ?? 0, live.current.atLeast))] },
    },
    axes: [
      {
        ...axis,
        size: 28,
        grid: { show: false },
        splits: (chart) => {
          const end = chart.scales.x?.max ?? 0;
          return [5, 4, 3, 2, 1, 0].map((minutes) => end - minutes * kMinuteS);
        },
        values: (chart, splits) => {
          const end = chart.scales.x?.max ?? 0;
          const { t, format } = live.current;
          return splits.map((at) => {
            const minutes = Math.round((end - at) / kMinuteS);
            // The outermost labels would be cut by the edge, so only every other one is written.
            if (minutes === 0) return t("chart.now");
            return minutes % 2 === 0 ? `−${format.minutes(minutes)}` : "";
          });
        },
      },
      {
        ...axis,
        grid,
        size: 56,
        gap: 8,
        splits: (chart) => {
          const top = chart.scales.y?.max ?? 1;
          return [0, top / 2, top];
        },
        values: (_chart, splits) => splits.map((value) => live.current.mark(value)),
      },
    ],
    series: [
      {},
      { stroke: colour, width: 1.75, fill: fade(colour), points: { show: false }, spanGaps: false },
    ],
    hooks: { setCursor: [(chart) => onPoint(chart.cursor.idx ?? undefined)] },
  };
}

/** The smallest of 1, 2, 4, 6, 8 or 10 times a power of ten that holds the value: halves of it read well. */
export function niceTop(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 4, 6, 8, 10].find((candidate) => candidate * power >= value) ?? 10;
  return step * power;
}

/** A token of tokens.css as the canvas wants it: a colour without var() or light-dark(). */
function resolveToken(element: HTMLElement, token: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(--${token})`;
  element.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}

function fade(colour: string): string {
  return colour.replace(/^rgb\((.+)\)$/, "rgba($1, 0.1)");
}
