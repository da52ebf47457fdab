import { relative } from "node:path";

/** The addresses that mean every address of the machine. A browser needs one that it can open. */
const EVERY_ADDRESS = new Set(["0.0.0.0", "::"]);

/** Returns the line that a person reads once single is ready: the dashboard, the file, and what to do next. */
export function readyLine({ host, port, databasePath }: { host: string; port: number; databasePath: string }): string {
  const name = EVERY_ADDRESS.has(host) ? "localhost" : host.includes(":") ? `[${host}]` : host;
  const file = relative(process.cwd(), databasePath);
  return `Tidemark is ready. Dashboard: http://${name}:${port}/ Data: ${file.startsWith("..") ? databasePath : file} Try: npm run publisher -- --rate 20 --duration 60`;
}
