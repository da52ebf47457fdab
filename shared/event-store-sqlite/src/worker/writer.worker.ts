import { serveCalls } from "./worker.ts";
import { openWriter } from "./writer.ts";

serveCalls(openWriter);
