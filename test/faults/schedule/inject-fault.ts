import { setTimeout as delay } from "node:timers/promises";
import type { TcpProxy } from "@tidemark/test-support/processes/tcp-proxy";
import type { Component, Deployment } from "../deployment/deployment.ts";
import type { Client } from "../load/client.ts";
import type { Fault } from "./schedule.ts";

/**
 * Injects one fault; resolves when every component runs again, every proxy is healed, and the data is sent. Resolves to false if this machine
 * does not allow the fault.
 */
export async function injectFault(
  deployment: Deployment,
  client: Pick<Client, "jumpClock" | "sendSlowEvent" | "sendLargeConflicts">,
  fault: Fault,
): Promise<boolean> {
  const { kind, target, holdMs, afterMs = 0, amount = 0 } = fault;
  await delay(afterMs);
  if (kind === "disk full") return fillDisk(deployment, target, holdMs);
  if (kind === "full") await deployment.fill(holdMs);
  else if (kind === "clock jump") client.jumpClock(amount);
  else if (kind === "slow event") await client.sendSlowEvent();
  else if (kind === "large conflicts") await client.sendLargeConflicts({ payloadBytes: deployment.largePayloadBytes });
  else if (kind === "acks lost") await loseAcks(deployment, holdMs);
  else if (deployment.components.has(target))
    await injectIntoComponent(find(deployment.components, target), fault, deployment);
  else await injectIntoProxy(find(deployment.proxies, target), fault);
  return true;
}

function find<Thing>(things: ReadonlyMap<string, Thing>, name: string): Thing {
  const thing = things.get(name);
  if (thing === undefined) throw new Error(`this deployment has no ${name}`);
  return thing;
}

async function injectIntoProxy(proxy: TcpProxy, { kind, holdMs, amount = 0 }: Fault): Promise<void> {
  if (kind === "cut") proxy.refuse();
  else if (kind === "slow") proxy.slow(amount);
  else proxy.silence("both");
  await delay(holdMs);
  proxy.heal();
}

async function injectIntoComponent(
  component: Component,
  { kind, holdMs }: Fault,
  deployment: Deployment,
): Promise<void> {
  if (kind === "freeze") {
    await component.freeze();
    await delay(holdMs);
    await component.thaw();
    return;
  }
  if (kind === "redelivery")
    return killWithAcksHeldBack(component, find(deployment.proxies, `${component.name}>nats`), holdMs);
  if (kind === "stop") await component.stop();
  else await component.kill();
  await delay(holdMs);
  await component.start();
}

/** Cuts the consumer's messages to the broker, so that it commits its frames and dies before they are acknowledged. */
async function killWithAcksHeldBack(consumer: Component, proxy: TcpProxy, holdMs: number): Promise<void> {
  proxy.silence("up");
  await delay(holdMs);
  await consumer.kill();
  proxy.heal();
  await consumer.start();
}

/** Drops all acknowledgements, so that the broker delivers every frame again after its timeout. */
async function loseAcks({ proxies }: Deployment, holdMs: number): Promise<void> {
  const brokerProxies = [...proxies.values()].filter((proxy) => "loseAcks" in proxy);
  for (const proxy of brokerProxies) proxy.loseAcks();
  await delay(holdMs);
  for (const proxy of brokerProxies) proxy.heal();
}

async function fillDisk(deployment: Deployment, target: string, holdMs: number): Promise<boolean> {
  const disk = deployment.disks.get(target);
  if (disk === undefined) return false;
  await disk.fill(holdMs);
  await find(deployment.components, target).recover();
  return true;
}
