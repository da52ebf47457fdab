import { Unavailable } from "@tidemark/domain/errors";
import { createLogger } from "@tidemark/telemetry/logger";
import { expect, test, vi } from "vitest";
import { openWhenUp, pingOnceOpen } from "./open-when-up.ts";

const logger = createLogger({ service: "test", level: "silent" });

test("openWhenUp retries while the store is unreachable", async () => {
  let attempts = 0;
  const open = async () => {
    attempts++;
    if (attempts < 3) throw new Unavailable({ code: "store_unreachable", detail: "its disk is full" });
    return "open";
  };

  await expect(openWhenUp(open, logger)).resolves.toBe("open");
  expect(attempts).toBe(3);
});

test("openWhenUp does not retry when the failure is permanent", async () => {
  let attempts = 0;
  const open = async () => {
    attempts++;
    throw new Error("the file may not be written");
  };

  const warn = vi.spyOn(logger, "warn");
  await expect(openWhenUp(open, logger)).rejects.toThrow("may not be written");
  expect(attempts).toBe(1);
  expect(warn).not.toHaveBeenCalled(); // the failed start has the only line about it
});

test("a ping reaches a store that is open, and fails at once while it is not open", async () => {
  const opening = Promise.withResolvers<{ ping: () => Promise<void> }>();
  await expect(pingOnceOpen(opening.promise)).rejects.toMatchObject({ code: "store_unreachable" });
  const ping = vi.fn(async () => {});
  opening.resolve({ ping });
  await pingOnceOpen(opening.promise);
  expect(ping).toHaveBeenCalledOnce();
});
