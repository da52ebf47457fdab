import { type Durability, SAFE } from "@tidemark/domain/durability";
import { Unavailable } from "@tidemark/domain/errors";
import { createLogger } from "@tidemark/telemetry/logger";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { startDurabilityWatch } from "./durability-watch.ts";

const UNSAFE: Durability = { status: "unsafe", findings: [{ part: "log", detail: "a setting" }] };
const AWAY = new Unavailable({ code: "log_unreachable", detail: "away" });

beforeEach(() => {
  vi.useFakeTimers();
  return () => vi.useRealTimers();
});

async function startWatch(seen: Durability) {
  const world: { seen: Durability | Error } = { seen };
  const logger = createLogger({ service: "test", level: "silent" });
  const warn = vi.spyOn(logger, "warn");
  const read = async () => {
    if (world.seen instanceof Error) throw world.seen;
    return world.seen;
  };
  const watch = startDurabilityWatch({ part: "log", read, logger });
  onTestFinished(() => watch.stop());
  await watch.first;
  const lookAgain = (next: Durability | Error) => {
    world.seen = next;
    return vi.advanceTimersByTimeAsync(10_000);
  };
  return { watch, warn, lookAgain };
}

test("the durability watch warns once of unsafe settings while nothing changes", async () => {
  const { watch, warn, lookAgain } = await startWatch(UNSAFE);
  expect(warn).toHaveBeenCalledExactlyOnceWith({ findings: UNSAFE.findings }, expect.any(String));
  await lookAgain(UNSAFE);
  expect(warn).toHaveBeenCalledTimes(1);
  expect(watch.current).toEqual(UNSAFE);
});

test("the durability watch warns when the settings become unsafe", async () => {
  const { watch, warn, lookAgain } = await startWatch(SAFE);
  expect(warn).not.toHaveBeenCalled();
  await lookAgain(UNSAFE);
  expect(warn).toHaveBeenCalledTimes(1);
  await lookAgain(SAFE);
  expect(watch.current).toEqual(SAFE);
});

test("the durability watch keeps the last settings while the part is unreachable", async () => {
  const { watch, warn, lookAgain } = await startWatch(UNSAFE);
  await lookAgain(AWAY);
  await lookAgain(UNSAFE);
  expect(watch.current).toEqual(UNSAFE);
  expect(warn).toHaveBeenCalledTimes(1);
});

test("the durability watch reads the settings of a part that was unreachable at the start", async () => {
  const logger = createLogger({ service: "test", level: "silent" });
  const read = vi.fn(async () => UNSAFE).mockRejectedValueOnce(AWAY);
  const watch = startDurabilityWatch({ part: "log", read, logger });
  onTestFinished(() => watch.stop());
  expect(watch.current).toMatchObject({ status: "unknown", findings: [{ part: "log" }] });
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await watch.first).toEqual(UNSAFE);
  expect(watch.current).toEqual(UNSAFE);
});
