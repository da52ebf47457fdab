import { runGuard } from "./guarded-process.ts";

/** The guard of no program: does what it is asked, which is nothing. */

runGuard(async () => ({ ready: {}, answer: async () => {}, stop: async () => {} }));
