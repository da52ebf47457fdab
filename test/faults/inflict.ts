import { setTimeout as delay } from "node:timers/promises";
import type { TcpProxy } from "@tidemark/test-support/tcp-proxy";
import type { Client } from "./client.ts";
import type { Fault } from "./plan.ts";
import type { Part, World } from "./world.ts";

/**
 * Lets one fault happen, from its beginning until everything runs again and every wire is whole. False when this machine
 * does not let it: the fault is left out.
 */
export async function inflict(world: World, client: Pick<Client, "jumpClock">, fault: Fault): Promise<boolean> {
  const { kind, target, holdMs, afterMs = 0, amount = 0 } = fault;
  await delay(afterMs);
  if (kind === "disk full") return fillDisk(world, target, holdMs);
  if (kind === "full") await world.fill(holdMs);
  else if (kind === "clock jump") client.jumpClock(amount);
  else if (kind === "acks lost") await loseAcks(world, holdMs);
  else if (world.parts.has(target)) await inflictOnPart(find(world.parts, target), fault, world);
  else await inflictOnWire(find(world.wires, target), fault);
  return true;
}

function find<Thing>(things: ReadonlyMap<string, Thing>, name: string): Thing {
  const thing = things.get(name);
  if (thing === undefined) throw new Error(`there is no ${name} in this world`);
  return thing;
}

async function inflictOnWire(wire: TcpProxy, { kind, holdMs, amount = 0 }: Fault): Promise<void> {
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
  if (kind === "redelivery") return killWithAcksHeldBack(part, find(world.wires, `${part.name}>nats`), holdMs);
  if (kind === "stop") await part.stop();
  else await part.kill();
  await delay(holdMs);
  await part.start();
}

/** What the consumer says no longer reaches the broker: it commits what it was given, and dies without having acked. */
async function killWithAcksHeldBack(consumer: Part, wire: TcpProxy, holdMs: number): Promise<void> {
  wire.silence("up");
  await delay(holdMs);
  await consumer.kill();
  wire.heal();
  await consumer.start();
}

/** The broker hears of no commit any more, and delivers everything again that is older than its patience. */
async function loseAcks({ wires }: World, holdMs: number): Promise<void> {
  const ways = [...wires.values()].filter((wire) => "loseAcks" in wire);
  for (const wire of ways) wire.loseAcks();
  await delay(holdMs);
  for (const wire of ways) wire.heal();
}

async function fillDisk(world: World, target: string, holdMs: number): Promise<boolean> {
  const disk = world.disks.get(target);
  if (disk === undefined) return false;
  await disk.fill(holdMs);
  await find(world.parts, target).recover();
  return true;
}
