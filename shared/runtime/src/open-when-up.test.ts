import { Unavailable } from "@tidemark/domain/errors";
import { createLogger } from "@tidemark/telemetry/logger";
import { expect, test } from "vitest";
import { openWhenUp } from "./open-when-up.ts";

const log = createLogger({ service: "test", level: "silent" });

test("waits for a store that is away", async () => {
  let attempts = 0;
  const open = async () => {
    attempts++;
    if (attempts < 3) throw new Unavailable({ code: "store_unreachable", detail: "its disk is full" });
    return "open";
  };

  await expect(openWhenUp(open, log)).resolves.toBe("open");
  expect(attempts).toBe(3);
});

test("does not wait for what waiting does not mend", async () => {
  let attempts = 0;
  const open = async () => {
    attempts++;
    throw new Error("the file may not be written");
  };

  await expect(openWhenUp(open, log)).rejects.toThrow("may not be written");
  expect(attempts).toBe(1);
});
