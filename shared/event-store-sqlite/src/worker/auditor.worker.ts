import { openAuditor } from "./auditor.ts";
import { serveCalls } from "./worker.ts";

serveCalls(openAuditor);
