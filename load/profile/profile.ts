/** The fields of a V8 CPU profile that are read here. */
export interface CpuProfile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[];
  samples: number[];
  /** Microseconds since the previous sample, one for each sample. */
  timeDeltas: number[];
}

export interface Spent {
  name: string;
  micros: number;
  /** The share of all time that was not idle. */
  share: number;
}

const IDLE = "(idle)";

/**
 * Sums a thread's own time, without callees, by function and by package or service, in descending order. The
 * first `skipMicros` are left out, because the thread loads its modules there.
 */
export function readProfile(
  { nodes, samples, timeDeltas }: CpuProfile,
  skipMicros: number,
): { functions: Spent[]; places: Spent[] } {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const functions = new Map<string, number>();
  const places = new Map<string, number>();
  let atMicros = 0;
  for (const [index, id] of samples.entries()) {
    const micros = timeDeltas[index] ?? 0;
    atMicros += micros;
    const frame = frames.get(id);
    if (frame === undefined || frame.functionName === IDLE || atMicros <= skipMicros) continue;
    const place = placeOf(frame.url);
    const name = frame.functionName || "(anonymous)";
    add(functions, place === "V8" ? name : `${name}, ${fileOf(frame.url)}:${frame.lineNumber + 1}`, micros);
    add(places, place === "V8" ? name : place, micros);
  }
  return { functions: rank(functions), places: rank(places) };
}

/** `(program)` and `(garbage collector)` belong to no file. */
function placeOf(url: string): string {
  if (url === "") return "V8";
  if (url.startsWith("node:")) return "Node";
  const [, inPackage] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url) ?? [];
  const [, inFolder] = /\/((?:services|shared)\/[\w-]+)\/src\//.exec(url) ?? [];
  return inPackage ?? inFolder ?? fileOf(url);
}

function fileOf(url: string): string {
  return url.startsWith("node:") ? url : url.split("/").slice(-2).join("/");
}

function add(sums: Map<string, number>, name: string, micros: number): void {
  sums.set(name, (sums.get(name) ?? 0) + micros);
}

function rank(sums: Map<string, number>): Spent[] {
  const all = [...sums.values()].reduce((sum, micros) => sum + micros, 0);
  return [...sums]
    .map(([name, micros]) => ({ name, micros, share: micros / all }))
    .sort((left, right) => right.micros - left.micros);
}
