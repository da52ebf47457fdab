import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InvalidInput } from "./errors.ts";
import { countEvents, decodeFrame, encodeFrameHeader, FRAME_FORMAT, type Frame, NewerFrameFormat } from "./frame.ts";
import { chooseContexts, MAX_FRAME_CONTEXTS } from "./request-context.ts";

const EVENTS = Buffer.from("[]");
const ID = "0b0e7f1c-8a55-4c33-9d2e-5f6a7b8c9d0e";
const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";

const frames: fc.Arbitrary<Frame> = fc
  .record(
    {
      id: fc.uuid(),
      requests: fc.array(fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 10_000 })), {
        minLength: 1,
        maxLength: 90,
      }),
      receivedAtMs: fc.integer({ min: 0, max: 4_102_444_800_000 }),
      replyTo: fc.uuid().map((id) => `tidemark.verdict.${id}`),
      contexts: fc.array(
        fc.record(
          {
            request: fc.constant(0),
            requestId: fc.stringMatching(/^[0-9A-Za-z._-]{1,64}$/),
            trace: fc.record({ traceId: fc.constant(TRACE), spanId: fc.constant(SPAN), isSampled: fc.boolean() }),
          },
          { requiredKeys: ["request", "requestId"] },
        ),
        { minLength: 1, maxLength: MAX_FRAME_CONTEXTS },
      ),
    },
    { requiredKeys: ["id", "requests", "receivedAtMs"] },
  )
  .map((frame) => ({ ...frame, events: EVENTS }) as Frame);

describe("frame header", () => {
  test("a frame header is decoded to the same frame", () => {
    fc.assert(
      fc.property(frames, (frame) => {
        expect(decodeFrame(encodeFrameHeader(frame), EVENTS)).toEqual(frame);
      }),
    );
  });

  test("a frame header consists of printable ASCII", () => {
    fc.assert(
      fc.property(frames, (frame) => {
        expect(encodeFrameHeader(frame)).toMatch(/^[\x21-\x7e]+$/);
      }),
    );
  });

  test("the frame header of a thousand single events is short", () => {
    const requests = Array.from({ length: 1_000 }, () => 1);
    const header = encodeFrameHeader({ id: ID, requests, receivedAtMs: 0, events: EVENTS });
    expect(header.length).toBeLessThan(100);
    expect(countEvents(decodeFrame(header, EVENTS))).toBe(1_000);
  });

  test.each([
    ["nothing", ""],
    ["no frame at all", "nonsense"],
    ["an id that is not a UUID", `1;${ID.slice(1)};0;1;;`],
    ["no receipt time", `1;${ID};;1;;`],
    ["a receipt time before 1970", `1;${ID};-1;1;;`],
    ["no requests", `1;${ID};0;;;`],
    ["a request of no events", `1;${ID};0;1,0;;`],
    ["a fraction of an event", `1;${ID};0;1.5;;`],
    ["a run of no requests", `1;${ID};0;5*0;;`],
    ["more events than memory holds", `1;${ID};0;9999999*9999999;;`],
    ["a receipt time that no database keeps", `1;${ID};100000000000000;1;;`],
    ["more events than a request may have", `1;${ID};0;100001;;`],
    ["more events in many requests", `1;${ID};0;1*100001;;`],
    ["version zero", `0;${ID};0;1;;`],
  ])("a frame header with %s is refused", (_what, header) => {
    expect(() => decodeFrame(header, EVENTS)).toThrow(InvalidInput);
  });

  test("any text is decoded to a frame or refused with InvalidInput", () => {
    const text = fc.oneof(
      fc.string(),
      fc.array(fc.oneof(fc.string(), fc.constantFrom("1", ID, "0", "1*2", "1,2"))).map((parts) => parts.join(";")),
    );
    fc.assert(
      fc.property(text, (header) => {
        try {
          expect(countEvents(decodeFrame(header, EVENTS))).toBeGreaterThan(0);
        } catch (error) {
          expect(error instanceof InvalidInput || error instanceof NewerFrameFormat).toBe(true);
        }
      }),
    );
  });

  test("a frame header of a newer format is refused as newer, not as damaged", () => {
    expect(() => decodeFrame(`${FRAME_FORMAT + 1};other;things`, EVENTS)).toThrow(NewerFrameFormat);
  });

  test("a frame header may have more parts at its end", () => {
    expect(decodeFrame(`1;${ID};7;2;;;more`, EVENTS)).toEqual({
      id: ID,
      requests: [2],
      receivedAtMs: 7,
      events: EVENTS,
    });
  });
});

describe("the contexts of a frame", () => {
  const decode = (contexts: string, requests = "1*20") => decodeFrame(`1;${ID};7;${requests};;${contexts}`, EVENTS);

  test.each([
    ["the traceparent that earlier gateways wrote", `00-${TRACE}-${SPAN}-01`],
    ["a request that the frame does not have", "20:id:"],
    ["an invalid id", "0:an id:"],
    ["no index", ":id:"],
    ["any other text", "\u0000,::,,"],
  ])("%s is left out, and the frame is whole", (_what, contexts) => {
    expect(decode(contexts)).toEqual({ id: ID, requests: Array(20).fill(1), receivedAtMs: 7, events: EVENTS });
  });

  test("a traceparent that is invalid is left out, and the id of its request stays", () => {
    expect(decode(`3:r-3:00-${TRACE}-0-01`).contexts).toEqual([{ request: 3, requestId: "r-3" }]);
  });

  test("however many contexts a header has, no more than the largest number of them is read", () => {
    const many = Array.from({ length: 1_000 }, (_, index) => `${index % 20}:r:`).join(",");
    expect(decode(many).contexts).toHaveLength(MAX_FRAME_CONTEXTS);
  });

  test("of many requests the sampled ones are chosen first, in the order of the requests", () => {
    const all = Array.from({ length: 20 }, (_, request) => ({
      request,
      requestId: `r-${request}`,
      trace: { traceId: TRACE, spanId: SPAN, isSampled: request % 7 === 6 },
    }));
    expect(chooseContexts(all).map(({ request }) => request)).toEqual([0, 1, 2, 3, 4, 5, 6, 13]);
  });
});
