import { expect, test } from "vitest";
import { readEvents } from "./event-stream.js";

/** Reads the events of a stream that comes in chunks of so many bytes. */
async function eventsOf(text: string, chunkBytes: number) {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at + chunkBytes));
      at += chunkBytes;
    },
  });
  const events = [];
  for await (const event of readEvents({ body })) events.push(event);
  return events;
}

const STREAM = `retry: 1000
id: start

: nothing new

id: a
data: {"text":"héllo: 😀"}

id: b
data: 1
data: 2

data: cut off`;

test.each([1, 7, 10_000])(
  "a stream is read in chunks of %i bytes, and an event that was cut off is none",
  async (bytes) => {
    expect(await eventsOf(STREAM, bytes)).toEqual([
      { id: "start", data: undefined },
      { id: "start", data: undefined },
      { id: "a", data: '{"text":"héllo: 😀"}' },
      { id: "b", data: "1\n2" },
    ]);
  },
);

test("an event of eight megabytes is read in one pass, whatever the size of its chunks", async () => {
  const data = "x".repeat(8_000_000);
  const [event] = await eventsOf(`data: ${data}\n\n`, 1_000);
  expect(event?.data?.length).toBe(data.length);
});
