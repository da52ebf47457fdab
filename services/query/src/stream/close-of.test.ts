import { EventEmitter } from "node:events";
import type { FastifyReply } from "fastify";
import { expect, test } from "vitest";
import { closeOf } from "./close-of.ts";

const replyOf = (raw: object) => ({ raw }) as unknown as FastifyReply;

test("the signal is given when the connection closes, and at once if it has closed before", () => {
  const raw = Object.assign(new EventEmitter(), { destroyed: false });
  const signal = closeOf(replyOf(raw));
  expect(signal.aborted).toBe(false);
  raw.emit("close");
  expect(signal.aborted).toBe(true);

  expect(closeOf(replyOf(Object.assign(new EventEmitter(), { destroyed: true }))).aborted).toBe(true);
});
