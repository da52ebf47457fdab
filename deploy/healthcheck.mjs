// The container's health is the service's readiness. Plain JavaScript: nothing to strip each time it runs.
import { env } from "node:process";

const { HOST = "127.0.0.1", PORT = "8080" } = env;
const host = HOST === "0.0.0.0" || HOST === "::" ? "127.0.0.1" : HOST;
const { status } = await fetch(`http://${host}:${PORT}/readyz`, { signal: AbortSignal.timeout(2_500) });
process.exitCode = status === 200 ? 0 : 1;
