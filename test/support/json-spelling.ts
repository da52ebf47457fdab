import fc from "fast-check";

/**
 * A JSON value, independent of its spelling. Two spellings of one value differ in white space, in the order of keys, in
 * escapes, in the notation of numbers, and in repeated keys, of which the last counts. A store treats them as the same
 * content.
 */
export type JsonTree =
  | { kind: "word"; text: "null" | "true" | "false" }
  | { kind: "string"; text: string }
  | { kind: "number"; digits: bigint; exponent: number }
  | { kind: "array"; items: JsonTree[] }
  | { kind: "object"; members: Record<string, JsonTree> };

// Any characters except NUL and lone surrogates, which no store can hold.
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 4 }).filter((drawn) => !drawn.includes("\u0000")),
  fc.constantFrom("__proto__", "constructor", "topic", "", "\u00e9", "e\u0301", "\u{1f30a}", "1.0", "null", "\\", '"'),
);

const scalar: fc.Arbitrary<JsonTree> = fc.oneof(
  fc.record({
    kind: fc.constant("word" as const),
    text: fc.constantFrom("null" as const, "true" as const, "false" as const),
  }),
  fc.record({ kind: fc.constant("string" as const), text }),
  fc.record({
    kind: fc.constant("number" as const),
    // Some numbers are close to each other, and some differ only beyond the digits of a double.
    digits: fc.oneof(fc.bigInt({ min: -3n, max: 3n }), fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n })),
    exponent: fc.oneof(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -400, max: 400 })),
  }),
);

const { tree } = fc.letrec<{ tree: JsonTree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    scalar,
    fc.record({ kind: fc.constant("array" as const), items: fc.array(tie("tree"), { maxLength: 3 }) }),
    fc.record({ kind: fc.constant("object" as const), members: fc.dictionary(text, tie("tree"), { maxKeys: 3 }) }),
  ),
}));

/** Any JSON object that a store must accept. */
export const anyJsonObject: fc.Arbitrary<JsonTree & { kind: "object" }> = fc.record({
  kind: fc.constant("object" as const),
  members: fc.dictionary(text, tree, { maxKeys: 4 }),
});

/** Returns the same text for all spellings of a value. */
export function canonicalJson(value: JsonTree): string {
  if (value.kind === "word") return value.text;
  if (value.kind === "string") return JSON.stringify(value.text);
  if (value.kind === "number") return canonicalNumber(value);
  if (value.kind === "array") return `[${value.items.map(canonicalJson).join(",")}]`;
  const members = Object.entries(value.members).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`).join(",")}}`;
}

function canonicalNumber({ digits, exponent }: { digits: bigint; exponent: number }): string {
  if (digits === 0n) return "0";
  const text = String(digits);
  const significant = text.replace(/0+$/, "");
  return `${significant}e${exponent + text.length - significant.length}`;
}

/** Returns the spelling of a value that `choices` selects. */
export function spellJson(value: JsonTree, choices: Choices): string {
  const text = spellBare(value, choices);
  return choices(4) === 0 ? ` ${text}\n` : text;
}

/** Returns a whole number from 0 to `count` - 1. */
export type Choices = (count: number) => number;

function spellBare(value: JsonTree, choices: Choices): string {
  if (value.kind === "word") return value.text;
  if (value.kind === "string") return spellString(value.text, choices);
  if (value.kind === "number") return spellNumber(value, choices);
  if (value.kind === "array") return `[${value.items.map((item) => spellJson(item, choices)).join(",")}]`;
  const members = Object.entries(value.members);
  const turned = choices(2) === 0 ? members : members.toReversed();
  const texts = turned.map(([key, member]) => `${spellString(key, choices)}:${spellJson(member, choices)}`);
  const [first] = members;
  if (first !== undefined && choices(4) === 0) texts.unshift(`${spellString(first[0], choices)}:[{"dropped":1e5}]`);
  return `{${texts.join(",")}}`;
}

/** Returns a spelling of a string, in which the first character may be escaped. */
export function spellString(text: string, choices: Choices): string {
  const [first = ""] = text;
  if (first === "" || choices(3) > 0) return JSON.stringify(text);
  const escapes = Array.from(
    { length: first.length },
    (_, at) => `\\u${first.charCodeAt(at).toString(16).padStart(4, "0")}`,
  );
  return `"${escapes.join("")}${JSON.stringify(text.slice(first.length)).slice(1)}`;
}

function spellNumber({ digits, exponent }: { digits: bigint; exponent: number }, choices: Choices): string {
  const spellings = [`${digits}e${exponent}`, `${digits}.00E${exponent}`, `${digits}0e${exponent - 1}`];
  if (exponent >= 0 && exponent < 40) spellings.push(`${digits}${digits === 0n ? "" : "0".repeat(exponent)}`);
  if (digits === 0n) spellings.splice(2, 1, "-0", "0.0e7");
  return spellings[choices(spellings.length)] ?? "";
}

/** Creates choices that are the same for the same seed. */
export function createChoices(seed: number): Choices {
  let state = seed >>> 0;
  return (count) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0; // Numerical Recipes, 7.1
    return Math.floor((state / 2 ** 32) * count);
  };
}
