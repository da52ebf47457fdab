import type { DuplicateCopy, DuplicateQuery, DuplicateReader } from "@tidemark/shared/event-store/duplicates";
import { createHttpServer } from "@tidemark/shared/http-server";
import { createLogger } from "@tidemark/shared/log";
import { expect, onTestFinished, test } from "vitest";
import { registerDuplicates } from "./duplicates.ts";
import { createPageBudget } from "./page-room.ts";

const COPY: DuplicateCopy = {
  topic: "t",
  eventId: "e",
  source: "s",
  receivedAt: "2025-10-23T10:00:01.500000Z",
  firstProcessedAt: "2025-10-23T10:00:00.000000Z",
  isConflict: false,
};

/** The route over one endless list, and what the store was asked last. */
function openDuplicates() {
  const asked: DuplicateQuery[] = [];
  const server = createHttpServer({ log: createLogger({ service: "test", level: "silent" }) });
  onTestFinished(() => server.close());
  const store: Pick<DuplicateReader, "listDuplicates"> = {
    async listDuplicates(query) {
      asked.push(query);
      return { duplicates: [COPY], next: "position" };
    },
  };
  registerDuplicates(server, { store, budget: createPageBudget() });
  return { server, asked };
}

test("asks the store for what the filters say, page after page", async () => {
  const { server, asked } = openDuplicates();
  const first = await server.inject("/duplicates?topic=t%26&source=s&conflicting=true&limit=7");
  expect(first.json()).toMatchObject({ count: 1, duplicates: [{ event_id: "e", age_seconds: 1.5 }] });
  const link = /^<([^>]+)>; rel="next"$/.exec(`${first.headers.link}`)?.[1];
  expect(link).toContain(first.json().next_cursor);
  await server.inject(`${link}`);
  const filters = { topic: "t&", source: "s", conflicting: true, limit: 7 };
  expect(asked).toEqual([filters, { ...filters, after: "position" }]);
});

test("tells false from not asked", async () => {
  const { server, asked } = openDuplicates();
  await server.inject("/duplicates?conflicting=false");
  await server.inject("/duplicates");
  expect(asked).toEqual([{ conflicting: false, limit: 100 }, { limit: 100 }]);
});

test.each(["", "conflicting=false", "conflicting=true&topic=t", "conflicting=true&source=s"])(
  "refuses a cursor of other filters: %s",
  async (filters) => {
    const { server } = openDuplicates();
    const { next_cursor } = (await server.inject("/duplicates?conflicting=true")).json();
    const answer = await server.inject(`/duplicates?${filters}&cursor=${next_cursor}`);
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ code: "invalid_cursor" });
  },
);

test.each([
  ["conflicting=yes", "conflicting"],
  ["conflicting=", "conflicting"],
  ["limit=1001", "limit"],
  ["source=", "source"],
  ["order=asc", "order"],
])("refuses %s and names it", async (parameters, name) => {
  const answer = await openDuplicates().server.inject(`/duplicates?${parameters}`);
  expect(answer.statusCode).toBe(400);
  expect(answer.json()).toMatchObject({ code: "invalid_parameter", detail: expect.stringContaining(name) });
});
