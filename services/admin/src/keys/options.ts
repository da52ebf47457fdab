import { toUtcMicroseconds } from "@tidemark/domain/timestamp";
import { SCOPES } from "@tidemark/http-api/scope";
import { type CommandLine, decimal, listOf, oneOf } from "@tidemark/runtime/command-line";
import { z } from "zod";

const COMMANDS = ["create", "list", "revoke"] as const;
const RATE = decimal({ min: 0.001, max: 1e12 }).optional();
const LIFETIME = /^(\d{1,5})([dh])$/;

export const KEYS_COMMAND = {
  usage: "npm run keys -- create --name NAME --scopes LIST [options] | list | revoke --name NAME",
  about: `Makes API keys for the file that API_KEYS_FILE names. The file holds only hashes: a key is shown once, when it is
created. Running services read the file again within seconds after it has changed.`,
  options: z
    .object({
      operands: z
        .array(z.string())
        .transform((operands) => operands.join(" "))
        .pipe(z.enum(COMMANDS, { error: `the command must be one of ${COMMANDS.join(", ")}` })),
      name: z.string().optional().meta({ value: "NAME", description: "the owner of the key; a rotated key keeps it" }),
      scopes: listOf(oneOf(SCOPES))
        .optional()
        .meta({ value: "LIST", description: `the scopes of the key: ${SCOPES.join(", ")}, separated by commas` }),
      topics: listOf(z.string()).optional().meta({
        value: "LIST",
        description: "prefixes of the topics that it reaches, separated by commas: orders.,carts.",
      }),
      eventsPerSecond: RATE.meta({ value: "N", description: "its own limit of events" }),
      bytesPerSecond: RATE.meta({ value: "N", description: "its own limit of bytes" }),
      expires: z
        .string()
        .refine((text) => LIFETIME.test(text) || toUtcMicroseconds(text) !== undefined, {
          error: "must be a lifetime such as 90d or 12h, or a time such as 2030-01-01T00:00:00Z",
        })
        .optional()
        .meta({ value: "WHEN", description: "its end: 90d, 12h, or a time" }),
      sha256: z
        .string()
        .regex(/^[0-9a-f]{8,64}$/i, "must be at least the first 8 digits of a hash that `list` shows")
        .optional()
        .meta({ value: "HASH", description: "revokes only the key of that name whose hash begins with these digits" }),
      file: z.string().optional().meta({
        value: "FILE",
        description: "create: adds the entry to this file. list, revoke: the file, if it is not that of API_KEYS_FILE",
      }),
    })
    .refine(({ operands, name }) => operands === "list" || name !== undefined, { error: "--name is required" }),
  notes: `create takes rights that its options omit from the newest entry of that name in the file, so that a rotated key keeps its rights. It needs --scopes only for a new name.
Exit code: 0 done, 1 no such key or a file that cannot be read or written, 2 wrong arguments.`,
} satisfies CommandLine;

export type KeysOptions = z.output<typeof KEYS_COMMAND.options>;

/** Returns the time at which a lifetime that begins now ends, or the time itself. */
export function expiryOf(expires: string, nowMs: number): string {
  const [, amount, unit] = LIFETIME.exec(expires) ?? [];
  if (amount === undefined) return expires;
  return new Date(nowMs + Number(amount) * (unit === "d" ? 24 : 1) * 3_600_000).toISOString();
}
