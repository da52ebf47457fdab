import { InvalidInput } from "@tidemark/domain/errors";
import { describe, expect, test } from "vitest";
import type { DeadLetterQuery, DeadLetterStore } from "../../dead-letters.ts";
import { verdictsOf } from "../applying.ts";
import { eventText } from "../frames.ts";
import type { OpenForTest, StoreUnderTest } from "../store-under-test.ts";
import { deadLettersOf } from "./read-dead-letters.ts";

/** Makes five dead letters, e0 to e4, alternately of topic `even` and `odd`. */
async function fill({ store, refuse }: Pick<StoreUnderTest, "store" | "refuse">): Promise<string[]> {
  const ids = ["e0", "e1", "e2", "e3", "e4"];
  await refuse(...ids);
  const events = ids.map((id, index) => eventText({ id, topic: index % 2 === 0 ? "even" : "odd" }));
  await verdictsOf(store, events.slice(0, 2), events.slice(2, 3));
  await verdictsOf(store, events.slice(3));
  return events;
}

async function walk(store: DeadLetterStore, query: DeadLetterQuery): Promise<string[]> {
  const contents: string[] = [];
  for (let after: string | undefined; ; ) {
    const page = await store.listDeadLetters({ ...query, ...(after !== undefined && { after }) });
    expect(page.deadLetters.length).toBeLessThanOrEqual(query.limit);
    contents.push(...page.deadLetters.map(({ content }) => content));
    after = page.next;
    if (after === undefined) return contents;
  }
}

export function describeDeadLetterListing(open: OpenForTest): void {
  describe("the listing of dead letters", () => {
    test.each([1, 2, 4, 5, 6])(
      "the listing of dead letters has each dead letter once, the oldest first, in pages of %i",
      async (limit) => {
        const opened = await open();
        const events = await fill(opened);

        expect(await walk(opened.store, { limit })).toEqual(events);
      },
    );

    test("the listing of dead letters has the dead letters of one topic", async () => {
      const opened = await open();
      const events = await fill(opened);

      expect(await walk(opened.store, { limit: 1, topic: "odd" })).toEqual([events[1], events[3]]);
      expect(await opened.store.listDeadLetters({ limit: 1, topic: "od" })).toEqual({ deadLetters: [] });
    });

    test("the listing of dead letters continues after a dead letter that was deleted", async () => {
      const opened = await open();
      const events = await fill(opened);
      const first = await opened.store.listDeadLetters({ limit: 2 });
      for (const { id } of first.deadLetters) await opened.store.deleteDeadLetter(id);

      const page = await opened.store.listDeadLetters({ limit: 10, after: String(first.next) });

      expect(page.deadLetters.map(({ content }) => content)).toEqual(events.slice(2));
    });

    test("the listing of dead letters refuses a cursor that is not a position", async () => {
      const { store } = await open();

      for (const after of ["", "x", "-1", "1.5", "1e3", " 1", "9".repeat(23)]) {
        const refused = store.listDeadLetters({ limit: 1, after });
        await expect(refused, after).rejects.toThrow(InvalidInput);
        await expect(refused, after).rejects.toMatchObject({ code: "invalid_cursor", status: 400 });
      }
    });

    test("the listing of dead letters is empty in an empty store", async () => {
      const { store } = await open();

      expect(await deadLettersOf(store)).toEqual([]);
    });
  });
}
