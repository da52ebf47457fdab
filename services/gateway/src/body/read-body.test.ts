import { PassThrough, Readable } from "node:stream";
import { ByteBudget } from "@tidemark/runtime/byte-budget";
import { describe, expect, it } from "vitest";
import { readBody } from "./read-body.ts";

const budget = () => new ByteBudget({ maxBytes: 10, maxWaitMs: 60_000 });
const options = { declaredBytes: undefined, maxBodyBytes: 8 };

describe("readBody", () => {
  it("a body in two chunks is read whole", async () => {
    const body = Readable.from([Buffer.from("abc"), Buffer.from("defgh")]);
    expect((await readBody(body, { ...options, room: budget().enter() })).toString()).toBe("abcdefgh");
  });

  it("a body is refused if its announced or its actual length exceeds the limit", async () => {
    const room = budget().enter();
    const read = (text: string, declaredBytes?: string) => async () =>
      readBody(Readable.from([Buffer.from(text)]), { ...options, declaredBytes, room });
    await expect(read("", "9")).rejects.toMatchObject({ status: 413, code: "body_too_large" });
    await expect(read("123456789")).rejects.toMatchObject({ status: 413 });
  });

  it("a body of 2,500 small chunks is read, and one of more than 100,000 chunks is refused", async () => {
    const pieces = (count: number) =>
      Readable.from(Array.from({ length: count }, (_, index) => Buffer.of(index % 251)));
    const room = new ByteBudget({ maxBytes: 1_000_000, maxWaitMs: 0 }).enter();
    const read = (count: number) => readBody(pieces(count), { ...options, maxBodyBytes: 1_000_000, room });
    expect(await read(2_500)).toEqual(Buffer.from(Array.from({ length: 2_500 }, (_, index) => index % 251)));
    await expect(read(100_001)).rejects.toMatchObject({ status: 400, code: "bad_request" });
  });

  it("reading a body stops while there is no room for its bytes", async () => {
    const all = budget();
    const other = all.enter();
    await other.grow(6);
    const body = new PassThrough();
    const room = all.enter();
    const read = readBody(body, { ...options, declaredBytes: "8", room });
    expect(all.enter().tryGrow(4)).toBe(true);
    body.write("abcd");
    await expect.poll(() => body.isPaused()).toBe(true);
    other.release();
    body.end("efgh");
    expect((await read).toString()).toBe("abcdefgh");
  });

  it("reading a body fails when the client leaves", async () => {
    const body = new PassThrough();
    const read = readBody(body, { ...options, room: budget().enter() });
    body.destroy(new Error("gone"));
    await expect(read).rejects.toThrow("gone");
  });
});
