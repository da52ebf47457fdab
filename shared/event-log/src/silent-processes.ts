/** A process that was heard of, and is no longer. */
export interface SilentProcess {
  id: string;
  /** The time of its last heartbeat, in milliseconds since the epoch. */
  heardAtMs: number;
}

const MAX_KNOWN = 100;
/** A process that is started again has another id, so the former one is no longer missed after this time. */
const MISSED_MS = 60 * 60 * 1_000;

/** Remembers the processes that fell silent last, a hundred at most and for an hour. */
export class SilentProcesses {
  readonly #heardAtMs = new Map<string, number>();

  note({ id, heardAtMs }: SilentProcess): void {
    this.#heardAtMs.set(id, heardAtMs);
    const [oldest] = this.#heardAtMs.keys();
    if (this.#heardAtMs.size > MAX_KNOWN) this.forget(oldest as string);
  }

  forget(id: string): void {
    this.#heardAtMs.delete(id);
  }

  /** Lists them, the one that fell silent last first. */
  list(nowMs: number): SilentProcess[] {
    return [...this.#heardAtMs]
      .map(([id, heardAtMs]) => ({ id, heardAtMs }))
      .filter(({ heardAtMs }) => nowMs - heardAtMs <= MISSED_MS)
      .sort((one, other) => other.heardAtMs - one.heardAtMs);
  }
}
