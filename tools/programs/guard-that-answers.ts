import { runGuard } from "./guarded-process.ts";

/** A guard without a program, which fulfils every request at once. */

runGuard(async () => ({ ready: {}, answer: async () => {}, stop: async () => {} }));
