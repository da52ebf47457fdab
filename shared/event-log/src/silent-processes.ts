/** A process that has sent heartbeats and has stopped. */
export interface SilentProcess {
  id: string;
  /** The time of its last heartbeat, in milliseconds since the epoch. */
  heardAtMs: number;
}

const MAX_KNOWN = 100;
/** A restarted process has a new id, so the former id is not reported as missing beyond this time. */
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

  /** Lists the silent processes, latest first. */
  list(nowMs: number): SilentProcess[] {
    return [...this.#heardAtMs]
      .map(([id, heardAtMs]) => ({ id, heardAtMs }))
      .filter(({ heardAtMs }) => nowMs - heardAtMs <= MISSED_MS)
      .sort((one, other) => other.heardAtMs - one.heardAtMs);
  }
}
