import { Counter, Gauge, Histogram, Registry } from "prom-client";

interface Described {
  /** Begins with `tidemark_` and ends with its unit. */
  name: string;
  help: string;
}

interface Labelled<Label extends string> extends Described {
  /** Each label has a bounded number of values: no topic, no source, no id, and nothing else that a client writes. */
  labels?: readonly Label[];
}

/** A gauge that shows a part of what one read returns. */
export interface ReadGauge<Reading> extends Described {
  label?: string;
  /**
   * Returns the value, or with a `label` the values by the value of the label. A value that is undefined is not known, and
   * is absent from the text.
   */
  value(reading: Reading): number | undefined | Record<string, number | undefined>;
}

export interface ReadGauges<Reading> {
  /** Reads what the gauges show, for each scrape. It does not throw: when a part is down, its gauges are absent. */
  read: () => Reading | Promise<Reading>;
  gauges: readonly ReadGauge<Reading>[];
}

/** The metrics of one process, and their text for Prometheus. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #refreshes: (() => Promise<void>)[] = [];

  get contentType(): string {
    return this.#registry.contentType;
  }

  counter<Label extends string = never>({ labels = [], ...described }: Labelled<Label>): Counter<Label> {
    return new Counter({ ...described, labelNames: labels, registers: [this.#registry] });
  }

  histogram<Label extends string = never>({
    labels = [],
    buckets,
    ...described
  }: Labelled<Label> & { buckets: readonly number[] }): Histogram<Label> {
    return new Histogram({ ...described, labelNames: labels, buckets: [...buckets], registers: [this.#registry] });
  }

  /** Adds a counter whose total is kept elsewhere and read at each scrape. */
  readCounter({ read, ...described }: Described & { read: () => number }): void {
    const counter = this.counter(described);
    this.#refreshes.push(async () => {
      counter.reset();
      counter.inc(read());
    });
  }

  /** Adds a metric whose value is always 1 and whose labels hold facts about the process. */
  facts({ facts, ...described }: Described & { facts: Record<string, string> }): void {
    new Gauge({ ...described, labelNames: Object.keys(facts), registers: [this.#registry] }).set(facts, 1);
  }

  /** Adds gauges that are read together at each scrape. */
  readGauges<Reading>({ read, gauges }: ReadGauges<Reading>): void {
    const shown = gauges.map(({ value, label, name, help }) => {
      const labelNames = label === undefined ? [] : [label];
      const gauge = new Gauge({ name, help, labelNames, registers: [this.#registry] });
      return (reading: Reading) => show(gauge, label, value(reading));
    });
    this.#refreshes.push(async () => {
      const reading = await read();
      for (const showOne of shown) showOne(reading);
    });
  }

  /** Reads the gauges and writes all metrics in the text format of Prometheus. */
  async text(): Promise<string> {
    await Promise.all(this.#refreshes.map((refresh) => refresh()));
    return this.#registry.metrics();
  }
}

function show(gauge: Gauge, label: string | undefined, values: ReturnType<ReadGauge<unknown>["value"]>): void {
  gauge.reset();
  if (label === undefined) {
    if (typeof values === "number") gauge.set(values);
    else gauge.remove(); // a reset gauge without labels would show 0
  } else {
    for (const [key, value] of Object.entries(values ?? {}))
      if (value !== undefined) gauge.set({ [label]: key }, value);
  }
}
