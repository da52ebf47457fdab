import { openReader } from "./reader.ts";
import { serveCalls } from "./worker.ts";

serveCalls(openReader);
