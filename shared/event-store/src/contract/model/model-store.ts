import { STORED } from "@tidemark/domain/verdict";
import {
  anyJsonObject,
  canonicalJson,
  createChoices,
  type JsonTree,
  spellJson,
  spellString,
} from "@tidemark/test-support/json-spelling";
import fc from "fast-check";

/** The fields of an event that decide its verdict, and the seed of its spelling. */
export interface Copy {
  topic: string;
  eventId: string;
  source: string;
  /** The microseconds of its timestamp. */
  microseconds: number;
  payload: JsonTree | undefined;
  attributes: JsonTree | undefined;
  spelling: number;
}

const NAMES = ["a", "A", "e\u0301", "\u00e9", "\u{1f30a}", "*", "a "];
const EMPTY: JsonTree = { kind: "object", members: {} };

/** Events that often share keys and contents: few names, few contents, many spellings. */
export const copies: fc.Arbitrary<Copy[][]> = fc
  .record({
    contents: fc.array(fc.option(anyJsonObject, { nil: undefined }), { minLength: 2, maxLength: 3 }),
    frames: fc.array(fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat()), { minLength: 1, maxLength: 6 }), {
      minLength: 1,
      maxLength: 12,
    }),
  })
  .map(({ contents, frames }) =>
    frames.map((frame) => frame.map(([name, content, spelling]) => copyOf(contents, name, content, spelling))),
  );

function copyOf(contents: (JsonTree | undefined)[], name: number, content: number, spelling: number): Copy {
  const attributes = contents[(content >> 4) % contents.length];
  return {
    topic: NAMES[name % 2] ?? "",
    eventId: NAMES[(name >> 1) % NAMES.length] ?? "",
    source: content % 5 === 0 ? "y" : "x",
    microseconds: content % 7 === 0 ? 120_000 : 0,
    payload: contents[content % contents.length],
    // A frame has no empty attributes.
    attributes:
      content % 3 === 0 && attributes?.kind === "object" && Object.keys(attributes.members).length > 0
        ? attributes
        : undefined,
    spelling,
  };
}

/** Returns the JSON text of an event. */
export function spellCopy({ topic, eventId, source, microseconds, payload, attributes, spelling }: Copy): string {
  const choices = createChoices(spelling);
  const fraction = microseconds === 0 ? ["", ".0", ".000000"] : [".12", ".120", ".120000"];
  const fields = [
    `"topic":${spellString(topic, choices)}`,
    `"event_id":${spellString(eventId, choices)}`,
    `"timestamp":"2025-10-23T10:00:00${fraction[choices(3)]}Z"`,
    `${spellString("source", choices)}:${spellString(source, choices)}`,
  ];
  if (payload !== undefined) fields.push(`"payload":${spellJson(payload, choices)}`);
  else if (choices(2) === 0) fields.push('"payload":{}');
  if (attributes !== undefined) fields.push(`"attributes":${spellJson(attributes, choices)}`);
  if (choices(2) === 0) fields.reverse();
  if (choices(4) === 0) fields.unshift('"source":"dropped"');
  return `{${fields.join(",")}}`;
}

/** Returns a text that is equal for all spellings of equal contents. */
export function contentOf({ source, microseconds, payload = EMPTY, attributes }: Copy): string {
  return JSON.stringify([source, microseconds, canonicalJson(payload), attributes && canonicalJson(attributes)]);
}

export function keyOf({ topic, eventId }: Copy): string {
  return JSON.stringify([topic, eventId]);
}

/** The model of a store: the first event of a key stays, and a frame counts once. */
export class ModelStore {
  readonly #stored = new Map<string, Copy>();
  readonly #ledger = new Map<string, string>();

  apply(frameId: string, frame: Copy[]): { frameId: string; isNew: boolean; verdicts: string } {
    const known = this.#ledger.get(frameId);
    if (known !== undefined) return { frameId, isNew: false, verdicts: known };
    const verdicts = frame.map((copy) => this.#judge(copy)).join("");
    this.#ledger.set(frameId, verdicts);
    return { frameId, isNew: true, verdicts };
  }

  #judge(copy: Copy): string {
    const first = this.#stored.get(keyOf(copy));
    if (first !== undefined) return contentOf(first) === contentOf(copy) ? "d" : "c";
    this.#stored.set(keyOf(copy), copy);
    return STORED;
  }
}
