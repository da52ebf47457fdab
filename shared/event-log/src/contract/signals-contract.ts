import { randomUUID } from "node:crypto";
import { waitFor } from "@tidemark/test-support/wait-for";
import { describe, expect, onTestFinished, test } from "vitest";
import type { GatewayHeartbeat, Heartbeat, Signals, VerdictMessage } from "../signals.ts";

/** The signals of two processes that reach each other. In memory both are the same object. */
export interface SignalsUnderTest {
  gateway: Signals;
  consumer: Signals;
  /** Resolves when the listeners added so far are in place. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

/** Tests all promises of the signals port, for any implementation. */
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
        isWaiting: true,
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

    test("heartbeats of gateways arrive at every listener", async () => {
      const { gateway, consumer, settle } = await openSignals();
      const heartbeat = gatewayHeartbeat({ confirmedEvents: 3 });
      const heard = [gateway, consumer].map((signals) => listenToGateway(signals, heartbeat.gatewayId));
      await settle();
      gateway.sendGatewayHeartbeat(heartbeat);
      await waitFor("both to hear it", () => heard.every((beats) => beats.length > 0));
      expect(heard.map(([first]) => first)).toEqual([heartbeat, heartbeat]);
    });

    test("the last heartbeat of a gateway is kept for listeners that come later", async () => {
      const { gateway, consumer, settle } = await openSignals();
      const first = gatewayHeartbeat({ beat: 1, confirmedEvents: 3 });
      const last = { ...first, beat: 2, confirmedEvents: 5, hasEnded: true };
      // The gateway repeats its heartbeat, because the stream that keeps heartbeats may not exist at first.
      await waitFor("the last heartbeat to be kept", async () => {
        gateway.sendGatewayHeartbeat(first);
        gateway.sendGatewayHeartbeat(last);
        await settle();
        const kept: GatewayHeartbeat[] = [];
        consumer.onGatewayHeartbeat((beat, isKept) => {
          if (isKept && beat.gatewayId === first.gatewayId) kept.push(beat);
        });
        await waitFor("a kept heartbeat", () => kept.length > 0, { timeoutMs: 1_000 });
        expect(kept).toEqual([last]);
        return true;
      });
    });

    test("commits arrive at every listener", async () => {
      const { gateway, consumer, settle } = await openSignals();
      const heard = [0, 0];
      for (const index of heard.keys()) gateway.onCommit(() => heard.splice(index, 1, (heard[index] ?? 0) + 1));
      await settle();
      consumer.sendCommit();
      await waitFor("both to hear it", () => heard.every((count) => count > 0)); // other tests commit at the same broker
    });

    test("a listener that has stopped hears no later commit", async () => {
      const { gateway, consumer, settle } = await openSignals();
      let isStopped = false;
      let heardAfterStop = 0;
      const stop = gateway.onCommit(() => {
        if (isStopped) heardAfterStop++;
      });
      await settle();
      stop();
      isStopped = true;
      let heard = 0;
      gateway.onCommit(() => heard++);
      await settle();
      consumer.sendCommit();
      await waitFor("the other listener to hear it", () => heard > 0);
      expect(heardAfterStop).toBe(0);
    });
  });
}

function gatewayHeartbeat(fields: Partial<GatewayHeartbeat>): GatewayHeartbeat {
  return {
    gatewayId: randomUUID(),
    startedAtMs: 1_764_500_000_000,
    beat: 1,
    generation: "20251130T111111Z",
    confirmedEvents: 0,
    confirmedBytes: 0,
    refusals: [
      { code: "invalid_event", status: 422, requests: 3, firstAtMs: 1_764_500_000_001, lastAtMs: 1_764_500_000_002 },
    ],
    hasEnded: false,
    ...fields,
  };
}

/** Collects the heartbeats of one gateway only, because other tests may send heartbeats through the same broker. */
function listenToGateway(signals: Signals, gatewayId: string): GatewayHeartbeat[] {
  const heard: GatewayHeartbeat[] = [];
  signals.onGatewayHeartbeat((beat) => {
    if (beat.gatewayId === gatewayId) heard.push(beat);
  });
  return heard;
}
