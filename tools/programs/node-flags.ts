/**
 * Flags of Node for a service. NODE_OPTIONS refuses them, so every command that starts such a service repeats them; a test
 * compares those commands with this list. A query reads large pages in a small container, and V8 would let garbage grow to
 * several times the live heap. Single has none, because they cost its ingest an eighth of its speed (docs/decisions/0006).
 */
export const NODE_FLAGS: Readonly<Record<string, readonly string[]>> = {
  query: ["--heap-growing-percent=20", "--semi-space-growth-factor=1"],
};
