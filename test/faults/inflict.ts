import { setTimeout as delay } from "node:timers/promises";
import type { Client } from "./client.ts";
import type { Fault } from "./plan.ts";
import type { Wire } from "./wire.ts";
import type { Part, World } from "./world.ts";

/** Lets one fault happen, from its beginning until everything runs again and every wire is whole. */
export async function inflict(world: World, client: Pick<Client, "jumpClock">, fault: Fault): Promise<void> {
  const { kind, target, holdMs, afterMs = 0, amount = 0 } = fault;
  await delay(afterMs);
  if (kind === "full") return world.fill(holdMs);
  if (kind === "clock jump") return client.jumpClock(amount);
  const part = world.parts.get(target);
  if (part !== undefined) return inflictOnPart(part, fault, world);
  const wire = world.wires.get(target);
  if (wire === undefined) throw new Error(`there is no ${target} in this world`);
  if (kind === "cut") wire.refuse();
  else if (kind === "slow") wire.slow(amount);
  else wire.silence("both");
  await delay(holdMs);
  wire.heal();
}

async function inflictOnPart(part: Part, { kind, holdMs }: Fault, world: World): Promise<void> {
  if (kind === "freeze") {
    await part.freeze();
    await delay(holdMs);
    await part.thaw();
    return;
  }
  if (kind === "redelivery") return killWithAcksHeldBack(part, world.wires.get(`${part.name}>nats`) as Wire, holdMs);
  if (kind === "stop") await part.stop();
  else await part.kill();
  await delay(holdMs);
  await part.start();
}

/** What the consumer says no longer reaches the broker: it commits what it was given, and dies without having acked. */
async function killWithAcksHeldBack(consumer: Part, wire: Wire, holdMs: number): Promise<void> {
  wire.silence("up");
  await delay(holdMs);
  await consumer.kill();
  wire.heal();
  await consumer.start();
}
