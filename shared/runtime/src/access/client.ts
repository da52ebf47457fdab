import type { RouteScope, Scope } from "@tidemark/http-api/scope";
import type { FastifyRequest } from "fastify";
import { addressBlock } from "../limits/address-block.ts";

export type { RouteScope, Scope } from "@tidemark/http-api/scope";

/** The sender of a request, and what it may do. */
export interface Client {
  /** `key:<name>` if the request carries a key, else `address:<ip>`, with the /64 of an IPv6 address. */
  id: string;
  /** The name of its key. */
  name?: string;
  scopes: ReadonlySet<Scope>;
  /** The prefixes of the topics that it reaches. Absent: it reaches all topics. */
  topics?: readonly string[];
  /** The limits of its key, instead of those of the settings. */
  limits?: ClientLimits;
  mayReach(topic: string): boolean;
}

export interface ClientLimits {
  eventsPerSecond?: number;
  bytesPerSecond?: number;
}

declare module "fastify" {
  interface FastifyContextConfig {
    scope?: RouteScope;
  }
  interface FastifyRequest {
    client: Client | null;
  }
}

/** Returns the client of a request that `registerAccess` has let in. */
export function clientOf({ client, method, url }: FastifyRequest): Client {
  if (client === null) throw new Error(`${method} ${url.split("?")[0]} has no client yet`);
  return client;
}

const ALL_SCOPES: ReadonlySet<Scope> = new Set(["publish", "read", "admin"]);

/** Creates the client of a service without keys, which may do everything. */
export function openClient({ ip }: FastifyRequest): Client {
  return { id: `address:${addressBlock(ip)}`, scopes: ALL_SCOPES, mayReach: () => true };
}
