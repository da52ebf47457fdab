import { auditSqlite } from "../maintain/audit.ts";
import { serveCalls } from "./worker.ts";

function openAuditor(path: string) {
  return { recount: () => auditSqlite(path), close: (): void => {} };
}

export type AuditorFunctions = ReturnType<typeof openAuditor>;

serveCalls(openAuditor);
