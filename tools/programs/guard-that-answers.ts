import { runGuard } from "./guarded-process.ts";

/** A guard that starts no program and fulfils every request at once. */

runGuard(async () => ({ ready: {}, answer: async () => {}, stop: async () => {} }));
