export interface Family {
  type: string;
  labels: string[];
}

/** The label that a histogram adds to each of its buckets. */
const BUCKET = "le";

/** Reads the text format of Prometheus: the families by name, with the names of the labels of their samples. */
export function readFamilies(text: string): Map<string, Family> {
  const families = new Map<string, Family>();
  for (const [, name = "", type = ""] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm))
    families.set(name, { type, labels: [] });
  for (const [, sample = "", labels = ""] of text.matchAll(/^([a-z_]+)(?:\{(.*)\})? \S+$/gm)) {
    const family = families.get(sample) ?? families.get(sample.replace(/_(bucket|sum|count)$/, ""));
    if (family === undefined) throw new Error(`a sample without a family: ${sample}`);
    const names = [...labels.matchAll(/(\w+)="/g)].map(([, label = ""]) => label).filter((label) => label !== BUCKET);
    family.labels = [...new Set([...family.labels, ...names])].sort();
  }
  return families;
}

/** Counts the time series. */
export function countSeries(text: string): number {
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#")).length;
}

/** Returns the value of a sample; undefined if there is none. */
export function sampleOf(text: string, sample: string): number | undefined {
  const line = text.split("\n").find((each) => each.startsWith(`${sample} `));
  return line === undefined ? undefined : Number(line.slice(sample.length + 1));
}
