import type { RouteScope, Scope } from "@tidemark/http-api/scope";
import type { FastifyRequest } from "fastify";
import { addressBlock } from "../limits/address-block.ts";
import type { KeyEntry } from "./key-entry.ts";

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
  /** Whether its key still is what it was when the request began, so that a long answer may go on. */
  isCurrent(): boolean;
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
const NO_SCOPES: ReadonlySet<Scope> = new Set();

/** Creates the client of a service without keys, which may do everything. */
export function openClient({ ip }: FastifyRequest): Client {
  return { id: `address:${addressBlock(ip)}`, scopes: ALL_SCOPES, mayReach: () => true, isCurrent: () => true };
}

/** Creates the client of a route that is open to everybody, on a service with keys. */
export function strangerClient({ ip }: FastifyRequest): Client {
  return { id: `address:${addressBlock(ip)}`, scopes: NO_SCOPES, mayReach: () => false, isCurrent: () => true };
}

/** Creates the client that presents the key of an entry. */
export function clientOfKey({ name, scopes, topics, limits }: KeyEntry, isCurrent: () => boolean): Client {
  const prefixes = topics && withoutCovered(topics);
  return {
    id: `key:${name}`,
    name,
    scopes: new Set(scopes),
    topics: prefixes,
    limits: limits && { eventsPerSecond: limits.events_per_second, bytesPerSecond: limits.bytes_per_second },
    mayReach: (topic) => prefixes === undefined || prefixes.some((prefix) => topic.startsWith(prefix)),
    isCurrent,
  };
}

/** Leaves out each prefix that another one covers, so that no topic has two of them. */
function withoutCovered(prefixes: string[]): string[] {
  return [...new Set(prefixes)].filter(
    (prefix, _index, all) => !all.some((other) => other !== prefix && prefix.startsWith(other)),
  );
}
