import { randomUUID } from "node:crypto";
import { waitFor } from "@tidemark/test-support/wait-for";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Heartbeat, Signals, VerdictMessage } from "../signals.ts";

/** The signals of two processes that reach each other. In memory both are the same object. */
export interface SignalsUnderTest {
  gateway: Signals;
  consumer: Signals;
  /** Resolves when the listeners added so far are in place. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

/** Tests everything that the signals port promises, whatever carries the signals. */
export function describeSignals(name: string, createSignals: () => Promise<SignalsUnderTest>): void {
  async function openSignals(): Promise<SignalsUnderTest> {
    const underTest = await createSignals();
    onTestFinished(() => underTest.close());
    return underTest;
  }

  describe(name, () => {
    test("verdicts arrive at their address, in order", async () => {
      const { gateway, consumer, settle } = await openSignals();
      const heard: VerdictMessage[] = [];
      gateway.onVerdicts((message) => heard.push(message));
      await settle();
      const sent = ["s", "sdcx", "s".repeat(100_000)].map((verdicts) => ({ frameId: randomUUID(), verdicts }));
      for (const message of sent) consumer.sendVerdicts(gateway.address, message);
      await waitFor("all verdicts to be heard", () => heard.length === sent.length);
      expect(heard).toEqual(sent);
    });

    test("verdicts do not arrive at another address", async () => {
      const { gateway, consumer, settle } = await openSignals();
      const heard: VerdictMessage[] = [];
      gateway.onVerdicts((message) => heard.push(message));
      await settle();
      const other = `tidemark.verdict.${randomUUID()}`;
      consumer.sendVerdicts(other, { frameId: randomUUID(), verdicts: "d" });
      consumer.sendVerdicts("tidemark.heartbeat", { frameId: randomUUID(), verdicts: "d" });
      consumer.sendVerdicts("not an address", { frameId: randomUUID(), verdicts: "d" });
      const mine = { frameId: randomUUID(), verdicts: "s" };
      consumer.sendVerdicts(gateway.address, mine);
      await waitFor("a verdict to be heard", () => heard.length > 0);
      expect(heard).toEqual([mine]);
    });

    test("heartbeats arrive at every listener", async () => {
      const { gateway, consumer, settle } = await openSignals();
      const heartbeat: Heartbeat = {
        consumerId: randomUUID(),
        isStoreUp: false,
        lagMs: 12.5,
        durability: { status: "unsafe", findings: [{ part: "store", detail: "a setting" }] },
      };
      const heard: Heartbeat[][] = [[], []];
      for (const beats of heard) {
        gateway.onHeartbeat((beat) => {
          if (beat.consumerId === heartbeat.consumerId) beats.push(beat);
        });
      }
      await settle();
      consumer.sendHeartbeat(heartbeat);
      await waitFor("both to hear it", () => heard.every((beats) => beats.length === 1));
      expect(heard).toEqual([[heartbeat], [heartbeat]]);
    });

    test("commits arrive at every listener", async () => {
      const { gateway, consumer, settle } = await openSignals();
      const heard = [0, 0];
      for (const index of heard.keys()) gateway.onCommit(() => heard.splice(index, 1, (heard[index] ?? 0) + 1));
      await settle();
      consumer.sendCommit();
      await waitFor("both to hear it", () => heard.every((count) => count > 0)); // others commit at the same broker
    });
  });
}
