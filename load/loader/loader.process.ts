import { type LoadOrder, runLoad } from "./load-run.ts";

/** The loader's process: takes one order at a time from its parent and answers with what came of it. */
process.on("message", (order: LoadOrder) => {
  runLoad(order).then(
    (result) => process.send?.({ result }),
    (error: Error) => process.send?.({ failed: String(error.stack) }),
  );
});
process.once("disconnect", () => process.exit());
