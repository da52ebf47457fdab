import { NewerFrameFormat } from "@tidemark/domain/frame";
import { createLogger } from "@tidemark/telemetry/logger";
import { expect, onTestFinished, test, vi } from "vitest";
import { NewerFrames } from "./newer-frames.ts";

test("every frame of a newer format is returned to the log, and one log line a minute counts them", () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  onTestFinished(() => void vi.useRealTimers());
  const logger = createLogger({ service: "test", level: "silent" });
  const warn = vi.spyOn(logger, "warn");
  const newer = new NewerFrames(logger);
  const retry = vi.fn();
  const error = new NewerFrameFormat("frame format 2 is newer than 1");
  const leave = () => newer.leave({ error, origin: { generation: "i", sequence: 1 }, ack: () => undefined, retry });

  leave();
  leave();
  vi.advanceTimersByTime(59_999);
  leave();
  expect(warn).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(1);
  leave();

  expect(warn.mock.calls.map(([fields]) => fields)).toMatchObject([{ deliveries: 1 }, { deliveries: 4 }]);
  expect(retry).toHaveBeenCalledTimes(4);
  expect(retry.mock.calls.every(([delayMs]) => delayMs > 0)).toBe(true);
});
