import fc from "fast-check";

/**
 * JSON values and their many spellings: two texts of one value differ in white space, in the order of keys, in escapes, in
 * how numbers are written, and in repeated keys of which the last counts. A store must take them for the same content.
 */
export type JsonTree =
  | { kind: "word"; text: "null" | "true" | "false" }
  | { kind: "string"; text: string }
  | { kind: "number"; digits: bigint; exponent: number }
  | { kind: "array"; items: JsonTree[] }
  | { kind: "object"; members: Record<string, JsonTree> };

// Everything but what no store could hold: NUL and lone surrogates.
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
    // Near each other, and beyond what a double can tell apart.
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

/** Any JSON object a store must hold. */
export const anyJsonObject: fc.Arbitrary<JsonTree & { kind: "object" }> = fc.record({
  kind: fc.constant("object" as const),
  members: fc.dictionary(text, tree, { maxKeys: 4 }),
});

/** One text for all spellings of a value. */
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

/** A spelling of a value; which one is `choices`' to say, from 0 up to and without its argument. */
export function spellJson(value: JsonTree, choices: Choices): string {
  const text = spellHere(value, choices);
  return choices(4) === 0 ? ` ${text}\n` : text;
}

export type Choices = (count: number) => number;

function spellHere(value: JsonTree, choices: Choices): string {
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

/** A string, its first character perhaps as escapes. */
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

/** Choices that a seed makes, the same each time. */
export function choicesOf(seed: number): Choices {
  let state = seed >>> 0;
  return (count) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0; // Numerical Recipes, 7.1
    return Math.floor((state / 2 ** 32) * count);
  };
}
