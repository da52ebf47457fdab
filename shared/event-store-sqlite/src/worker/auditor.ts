import { auditSqlite } from "../maintain/audit.ts";

export function openAuditor(path: string) {
  return { recount: () => auditSqlite(path), close: (): void => {} };
}

export type AuditorFunctions = ReturnType<typeof openAuditor>;
