// V8 lets garbage grow to several times the live heap. While a million events were exported, the process grew to 403 MB,
// and with these flags to 192 MB at the same speed. 40 readers of 7.8 MB pages: 1,284 MB, and 511 MB with one read at a time.
const SMALL_HEAP = ["--heap-growing-percent=20", "--semi-space-growth-factor=1"];

/**
 * Flags of Node for each service that reads pages. NODE_OPTIONS refuses them, so every command that starts such a service
 * repeats them; a test compares those commands with this list.
 */
export const NODE_FLAGS: Readonly<Record<string, readonly string[]>> = { query: SMALL_HEAP, single: SMALL_HEAP };
