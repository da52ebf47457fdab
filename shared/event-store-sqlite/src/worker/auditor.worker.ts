import { recountSqlite } from "../maintain/audit.ts";
import { serveCalls } from "./worker.ts";

const methods = {
  recount: (path: string) => recountSqlite(path),
  close: (): void => {},
};

export type AuditorMethods = typeof methods;

serveCalls(methods);
