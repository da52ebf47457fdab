import { type LoadOrder, runLoad } from "./load-run.ts";

/** The process of the loader: receives one order at a time from its parent and answers with the result. */
process.on("message", (order: LoadOrder) => {
  runLoad(order).then(
    (result) => process.send?.({ result }),
    (error: Error) => process.send?.({ failed: String(error.stack) }),
  );
});
process.once("disconnect", () => process.exit());
