// The container is healthy when the service is ready. Plain JavaScript, so that Node strips no types at each run.
import { env } from "node:process";

const { HOST = "127.0.0.1", PORT = "8080" } = env;
const host = HOST === "0.0.0.0" || HOST === "::" ? "127.0.0.1" : HOST;
const { status } = await fetch(`http://${host}:${PORT}/readyz`, { signal: AbortSignal.timeout(2_500) });
process.exitCode = status === 200 ? 0 : 1;
