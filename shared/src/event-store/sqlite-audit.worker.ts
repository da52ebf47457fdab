import { recountSqlite } from "./sqlite-audit.ts";
import { serveCalls } from "./sqlite-worker.ts";

const methods = {
  recount: (path: string) => recountSqlite(path),
  close: (): void => {},
};

export type AuditorMethods = typeof methods;

serveCalls(methods);
