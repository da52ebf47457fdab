import { expect, test, vi } from "vitest";
import { makeStats, makeTopic } from "./observation-fixture.ts";
import { createRareTopic } from "./rare-topic.js";

const MANY = makeStats({ topics_total: 3_000, by_topic: [makeTopic()] });
const FEW = makeStats({ topics_total: 1, by_topic: [makeTopic()] });

test("a topic beyond the busiest is found by its whole name, which is asked for once", async () => {
  const read = vi.fn(async (topic: string) => (topic === "tenant.2999" ? makeTopic({ topic }) : undefined));
  const found = Promise.withResolvers<void>();
  const rare = createRareTopic({ read, found: found.resolve });

  expect(rare.found("tenant.299", MANY)).toEqual([]);
  expect(rare.found("tenant.2999", MANY)).toEqual([]);
  await found.promise;

  expect(rare.found("tenant.2999", MANY)).toEqual([makeTopic({ topic: "tenant.2999" })]);
  expect(read.mock.calls).toEqual([["tenant.299"], ["tenant.2999"]]);
  expect(rare.emptyText(MANY)).toContain("Enter a whole name");
});

test("the service is not asked while /stats lists every topic", () => {
  const read = vi.fn(async () => undefined);
  const rare = createRareTopic({ read, found: () => {} });

  expect(rare.found("t", FEW)).toEqual([]);
  expect(rare.emptyText(FEW)).toBe("No topic name contains this text.");
  expect(read).not.toHaveBeenCalled();
});
