import { expect, test } from "vitest";
import { GatewayHeartbeats } from "./gateway-heartbeats.ts";
import type { GatewayHeartbeat, GatewayHeartbeatListener } from "./signals.ts";

function createHeartbeats() {
  let nowMs = 0;
  let listener: GatewayHeartbeatListener = () => {};
  const onGatewayHeartbeat = (added: GatewayHeartbeatListener) => {
    listener = added;
  };
  const heartbeats = new GatewayHeartbeats({ onGatewayHeartbeat }, () => nowMs);
  const beatOf = (gatewayId: string, rest: Partial<GatewayHeartbeat>) => ({
    ...{
      gatewayId,
      startedAtMs: 0,
      beat: 1,
      generation: "now",
      confirmedEvents: 0,
      confirmedBytes: 0,
      hasEnded: false,
    },
    ...rest,
  });
  return {
    heartbeats,
    hear: (gatewayId: string, rest: Partial<GatewayHeartbeat> = {}) => listener(beatOf(gatewayId, rest), false),
    readKept: (gatewayId: string, rest: Partial<GatewayHeartbeat> = {}) => listener(beatOf(gatewayId, rest), true),
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

test("no gateway is running before the first live heartbeat, even if heartbeats of former gateways were kept", () => {
  const { heartbeats, readKept } = createHeartbeats();
  readKept("gone");
  expect(heartbeats.isGatewayRunning).toBe(false);
});

test("a gateway is running until it has been silent for five seconds", () => {
  const { heartbeats, hear, pass } = createHeartbeats();
  hear("a");
  pass(5_000);
  expect(heartbeats.isGatewayRunning).toBe(true);
  pass(1);
  expect(heartbeats.isGatewayRunning).toBe(false);
});

test("a gateway that fell silent is named for an hour, and one that ended in order is not", () => {
  const { heartbeats, hear, readKept, pass } = createHeartbeats();
  readKept("of an earlier time");
  hear("frozen");
  hear("stopped", { hasEnded: true });
  pass(5_001);
  expect(heartbeats).toMatchObject({ running: 0, silent: [{ id: "frozen", heardAtMs: 0 }] });
  pass(3_600_000);
  expect(heartbeats.silent).toEqual([]);
});

test("a gateway that sent its last heartbeat is not running, and another one still is", () => {
  const { heartbeats, hear } = createHeartbeats();
  hear("a");
  hear("b");
  hear("a", { beat: 2, hasEnded: true });
  expect(heartbeats.isGatewayRunning).toBe(true);
  hear("b", { beat: 2, hasEnded: true });
  expect(heartbeats.isGatewayRunning).toBe(false);
});

test("the confirmed events are those of the last heartbeat of each gateway, by generation", () => {
  const { heartbeats, hear, readKept } = createHeartbeats();
  readKept("gone", { beat: 9, confirmedEvents: 100 });
  hear("a", { beat: 1, confirmedEvents: 5 });
  hear("a", { beat: 3, confirmedEvents: 8 });
  hear("a", { beat: 2, confirmedEvents: 7 }); // this heartbeat arrives late
  readKept("a", { beat: 1, confirmedEvents: 5 });
  hear("b", { generation: "before", confirmedEvents: 40 });
  expect(heartbeats.confirmedEvents()).toEqual(
    new Map([
      ["now", 108],
      ["before", 40],
    ]),
  );
});

test("the gateways that were silent for longest are forgotten beyond a thousand", () => {
  const { heartbeats, hear } = createHeartbeats();
  for (let index = 0; index < 1_000; index++) hear(`gateway ${index}`, { confirmedEvents: 1 });
  hear("gateway 0", { beat: 2, confirmedEvents: 10 });
  hear("another", { confirmedEvents: 1 });
  expect(heartbeats.confirmedEvents()).toEqual(new Map([["now", 1_009]]));
});

test("the refusals of gateways are added up by their code, the latest first, for an hour", () => {
  const { heartbeats, hear, readKept, pass } = createHeartbeats();
  const invalid = { code: "invalid_event", status: 422, requests: 2, firstAtMs: 10, lastAtMs: 30 };
  const full = { code: "log_full", status: 503, requests: 1, firstAtMs: 40, lastAtMs: 40 };
  hear("a", { refusals: [invalid, full] });
  readKept("b", { refusals: [{ ...invalid, requests: 3, firstAtMs: 5, lastAtMs: 20 }] });
  hear("of an older version");
  expect(heartbeats.refusals()).toEqual([full, { ...invalid, requests: 5, firstAtMs: 5 }]);
  pass(3_600_035);
  expect(heartbeats.refusals()).toEqual([full]);
});
