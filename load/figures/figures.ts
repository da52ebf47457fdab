/** Returns the median; of an even number of values, the mean of the two middle ones. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = sorted.length >> 1;
  const upper = sorted[middle];
  if (upper === undefined) throw new Error("an empty list has no median");
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

/** Returns the median of every figure over several measurements. A missing figure counts as 0. */
export function medianOfEach(measurements: readonly Record<string, number>[]): Record<string, number> {
  const names = new Set(measurements.flatMap((measurement) => Object.keys(measurement)));
  return Object.fromEntries(
    [...names].map((name) => [name, median(measurements.map((measurement) => measurement[name] ?? 0))]),
  );
}

/** Writes `12,345`; numbers below 100 have at most two digits of the fraction. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString("en", { maximumFractionDigits: digits });
}

/** Writes `0.73`, or a dash if there is no divisor. */
export function formatRatio(value: number, by: number | undefined): string {
  return by === undefined || by === 0 ? "–" : (value / by).toFixed(2);
}

export function formatMegabytes(bytes: number): string {
  return formatNumber(bytes / 1e6);
}
