import { type Fault, InvalidInput } from "@tidemark/domain/errors";
import type { Client } from "./client.ts";

export const TOPIC_FORBIDDEN = "the key does not reach this topic";

/** Returns the refusal of a request for topics that the client's key does not reach. */
export function topicForbidden(faults: Fault[], faultsTotal = faults.length): InvalidInput {
  return new InvalidInput({ code: "topic_forbidden", status: 403, detail: TOPIC_FORBIDDEN, faults, faultsTotal });
}

/** The topics of a read: one, or those that begin with a prefix, or all. */
export interface TopicReach {
  topic?: string;
  topicPrefixes?: readonly string[];
}

/**
 * Limits a read to the topics that its client reaches.
 *
 * @throws {InvalidInput} 403 `topic_forbidden` if the client asks for another topic
 */
export function reachOf(client: Client, topic: string | undefined): TopicReach {
  if (topic === undefined) return { topicPrefixes: client.topics };
  if (client.mayReach(topic)) return { topic };
  throw topicForbidden([{ pointer: "/topic", detail: TOPIC_FORBIDDEN }]);
}

/**
 * Limits a read of the topics that begin with a prefix to those that its client reaches.
 *
 * @throws {InvalidInput} 403 `topic_forbidden` if the client reaches none of them
 */
export function reachOfPrefix(client: Client, prefix: string): TopicReach {
  if (client.topics === undefined || client.mayReach(prefix)) return { topicPrefixes: [prefix] };
  const narrower = client.topics.filter((reached) => reached.startsWith(prefix));
  if (narrower.length > 0) return { topicPrefixes: narrower };
  throw topicForbidden([{ pointer: "/topic_prefix", detail: TOPIC_FORBIDDEN }]);
}

/** @throws {InvalidInput} 403 `topic_forbidden` if the client reaches only some topics */
export function requireAllTopics({ topics }: Client, what: string): void {
  if (topics === undefined) return;
  const detail = `${what} covers all topics, and the key reaches only some`;
  throw new InvalidInput({ code: "topic_forbidden", status: 403, detail });
}
