/** What a run has opened: closed last-opened-first, each even if another fails. */
export class Opened {
  readonly #stops: (() => unknown)[] = [];
  #stopping: Promise<void> | undefined;

  add<Stoppable extends { stop(): unknown }>(opened: Stoppable): Stoppable {
    this.#stops.push(() => opened.stop());
    return opened;
  }

  /** Asked twice, by a signal and by what fails for it, it stops once and both wait. */
  stopAll(): Promise<void> {
    this.#stopping ??= this.#stopEach();
    return this.#stopping;
  }

  async #stopEach(): Promise<void> {
    for (const stop of this.#stops.reverse()) {
      try {
        await stop();
      } catch (error) {
        process.stderr.write(`${error}\n`);
      }
    }
  }
}
