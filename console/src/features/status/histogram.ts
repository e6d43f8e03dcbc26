// Arithmetic on cumulative histograms, as Prometheus defines them. Histograms of one metric share their bounds.
import type { HistogramValue } from "../../api/status.ts";

export interface Quantile {
  value: number;
  /** The quantile lies beyond the last finite bound: it is at least `value`. */
  beyond: boolean;
}

/**
 * The q-quantile (0..1), interpolated within its bucket as histogram_quantile() of Prometheus does; the lowest bucket
 * starts at zero. Undefined without observations or without a finite bound.
 */
export function quantile(histogram: HistogramValue, q: number): Quantile | undefined {
  const rank = q * histogram.count;
  if (histogram.count <= 0) return undefined;
  let lower = 0;
  let below = 0;
  for (const [bound, cumulative] of histogram.buckets) {
    if (bound === Number.POSITIVE_INFINITY) break;
    if (cumulative >= rank && cumulative > below) {
      return { value: lower + ((bound - lower) * (rank - below)) / (cumulative - below), beyond: false };
    }
    lower = bound;
    below = cumulative;
  }
  return lower > 0 ? { value: lower, beyond: true } : undefined;
}

export function mean(histogram: HistogramValue): number | undefined {
  return histogram.count > 0 ? histogram.sum / histogram.count : undefined;
}

/** later - earlier; undefined where that is no histogram (bounds differ, a count fell). */
export function subtract(later: HistogramValue, earlier: HistogramValue): HistogramValue | undefined {
  const difference = combine(later, earlier, -1);
  if (!difference || difference.count < 0 || difference.buckets.some(([, count]) => count < 0))
    return undefined;
  return difference;
}

/** The histogram of all observations; undefined for none, or when the bounds differ. */
export function sum(histograms: readonly HistogramValue[]): HistogramValue | undefined {
  const [first, ...others] = histograms;
  return others.reduce<HistogramValue | undefined>((acc, next) => acc && combine(acc, next, 1), first);
}

function combine(a: HistogramValue, b: HistogramValue, sign: 1 | -1): HistogramValue | undefined {
  if (a.buckets.length !== b.buckets.length) return undefined;
  const buckets: [number, number][] = [];
  for (const [index, [bound, count]] of a.buckets.entries()) {
    const other = b.buckets[index];
    if (other?.[0] !== bound) return undefined;
    buckets.push([bound, count + sign * other[1]]);
  }
  return { count: a.count + sign * b.count, sum: a.sum + sign * b.sum, buckets };
}
