/** The middle one; of an even number, between the two middle ones. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = sorted.length >> 1;
  const upper = sorted[middle];
  if (upper === undefined) throw new Error("there is no median of nothing");
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

/** The median of every figure, over several measurements of the same things. A figure that one lacks is 0 there. */
export function medianOfEach(measurements: readonly Record<string, number>[]): Record<string, number> {
  const names = new Set(measurements.flatMap((measurement) => Object.keys(measurement)));
  return Object.fromEntries(
    [...names].map((name) => [name, median(measurements.map((measurement) => measurement[name] ?? 0))]),
  );
}

/** `12,345`; below 100 with two significant digits of the fraction at most. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString("en", { maximumFractionDigits: digits });
}

/** `0.73`, or a dash where there is nothing to divide by. */
export function formatRatio(value: number, by: number | undefined): string {
  return by === undefined || by === 0 ? "–" : (value / by).toFixed(2);
}

export function formatMegabytes(bytes: number): string {
  return formatNumber(bytes / 1e6);
}
