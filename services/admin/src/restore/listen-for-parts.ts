import { setTimeout as delay } from "node:timers/promises";
import { ConsumerHeartbeats } from "@tidemark/event-log/consumer-heartbeats";
import { GatewayHeartbeats } from "@tidemark/event-log/gateway-heartbeats";
import type { JetstreamConnection } from "@tidemark/event-log-jetstream/connection";
import { createNatsSignals } from "@tidemark/event-log-jetstream/jetstream-signals";

export interface PartsHeard {
  /** The kinds of parts that are running, or wait for their store to open. */
  running: ("gateway" | "consumer")[];
  /** The events that the log has confirmed to gateways, by generation of the log. */
  confirmed: ReadonlyMap<string, number>;
}

/** Each gateway and each consumer sends a heartbeat every second, also a consumer that waits for its database. */
const LISTEN_MS = 3_000;

/** Listens to the heartbeats of a stack, and reads those that gateways left behind. */
export async function listenForParts(connection: JetstreamConnection): Promise<PartsHeard> {
  const signals = createNatsSignals(connection);
  const [gateways, consumers] = [new GatewayHeartbeats(signals), new ConsumerHeartbeats(signals)];
  await delay(LISTEN_MS);
  const running: PartsHeard["running"] = [];
  if (gateways.isGatewayRunning) running.push("gateway");
  if (consumers.isConsumerAlive) running.push("consumer");
  return { running, confirmed: gateways.confirmedEvents() };
}
