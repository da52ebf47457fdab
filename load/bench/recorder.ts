import { medianOfEach } from "../figures/figures.ts";
import type { Figures } from "./measure-load.ts";

/** Keeps what each round measured, by what it was, and gives the medians. */
export class Recorder {
  readonly #measured = new Map<string, Figures[]>();

  add(what: string, figures: Figures): void {
    this.#measured.set(what, [...(this.#measured.get(what) ?? []), figures]);
  }

  /** Undefined where it was not measured. */
  median(what: string): Figures | undefined {
    const measured = this.#measured.get(what);
    return measured && medianOfEach(measured);
  }
}

/** The names under which things are recorded. */
export const RECORDED = {
  fsync: "fsync",
  postgres: "raw PostgreSQL",
  sqlite: "raw SQLite",
  load: (target: string, { eventsPerRequest, connections }: { eventsPerRequest: number; connections: number }) =>
    `${target}, ${eventsPerRequest} a request, ${connections} connections`,
  lone: (shape: string) => `${shape}, a lone client`,
  allNew: (shape: string) => `${shape}, all new`,
  allCopies: (shape: string) => `${shape}, all copies`,
};

/** The fastest of several ways: the ceiling. */
export function fastest(figures: Figures | undefined): number | undefined {
  return figures && Math.max(...Object.values(figures));
}
