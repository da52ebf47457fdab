import type { DeadLetter } from "@tidemark/event-store/dead-letters";
import fc from "fast-check";
import { expect, test } from "vitest";
import { deadLetterText } from "./dead-letter-text.ts";

const letter: DeadLetter = {
  id: "42",
  frameId: "5f0c2b4e-9d43-4d0c-8c38-3f8a1c8f9a11",
  topic: "user.login",
  events: 1,
  code: "22003",
  reason: "out of range",
  attempts: 2,
  deadAt: "2025-10-23T10:00:00.000000Z",
  content: '{"topic":"user.login","payload":{"big": 12345678901234567890}}',
};

test("the text of a dead letter has its event as the text that was received", () => {
  const text = deadLetterText(letter);
  expect(text).toContain(`"event":${letter.content}`);
  expect(JSON.parse(text)).toEqual({
    id: "42",
    topic: "user.login",
    events: 1,
    code: "22003",
    reason: "out of range",
    attempts: 2,
    dead_at: letter.deadAt,
    event: JSON.parse(letter.content),
  });
});

test("the text of a dead letter omits a topic that could not be read", () => {
  const { topic: _unread, ...unread } = letter;
  expect(Object.keys(JSON.parse(deadLetterText({ ...unread, events: 7 })))).not.toContain("topic");
});

test.each(['{"topic":', "[1,2", "", "1234", "true", "null", "+/8A", '"text"'])(
  "gives what is not an event as a string: %j",
  (content) => {
    expect(JSON.parse(deadLetterText({ ...letter, content })).event).toBe(content);
  },
);

test("the text of a dead letter is JSON for any content", () => {
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string({ unit: "binary" })), fc.string(), (content, reason) => {
      expect(JSON.parse(deadLetterText({ ...letter, content, reason }))).toMatchObject({ id: "42", reason });
    }),
  );
});
