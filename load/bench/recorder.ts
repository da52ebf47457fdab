import { medianOfEach } from "../figures/figures.ts";
import type { Figures } from "./measure-load.ts";

/** Records the measurements of each round by name, and returns medians. */
export class Recorder {
  readonly #measured = new Map<string, Figures[]>();

  add(what: string, figures: Figures): void {
    this.#measured.set(what, [...(this.#measured.get(what) ?? []), figures]);
  }

  /** Undefined if it was not measured. */
  median(what: string): Figures | undefined {
    const measured = this.#measured.get(what);
    return measured && medianOfEach(measured);
  }
}

/** The names of measurements. */
export const RECORDED = {
  fsync: "fsync",
  postgres: "raw PostgreSQL",
  sqlite: "raw SQLite",
  load: (target: string, { eventsPerRequest, connections }: { eventsPerRequest: number; connections: number }) =>
    `${target}, ${eventsPerRequest} a request, ${connections} connections`,
  lone: (shape: string) => `${shape}, a lone client`,
  allNew: (shape: string) => `${shape}, all new`,
  allDuplicates: (shape: string) => `${shape}, all duplicates`,
};

/** Returns the fastest of several ways, which is the ceiling. */
export function fastest(figures: Figures | undefined): number | undefined {
  return figures && Math.max(...Object.values(figures));
}
