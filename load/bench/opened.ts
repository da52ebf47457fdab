/** What a run has opened: closed last-opened-first, each even if another fails. */
export class Opened {
  readonly #stops: (() => unknown)[] = [];

  add<Stoppable extends { stop(): unknown }>(opened: Stoppable): Stoppable {
    this.#stops.push(() => opened.stop());
    return opened;
  }

  async stopAll(): Promise<void> {
    const stops = this.#stops.splice(0).reverse();
    for (const stop of stops) {
      try {
        await stop();
      } catch (error) {
        process.stderr.write(`${error}\n`);
      }
    }
  }
}
