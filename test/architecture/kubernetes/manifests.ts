import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { parse, parseAllDocuments } from "yaml";

export const ROOT = join(import.meta.dirname, "../../..");
const FOLDER = "deploy/kubernetes";

interface Port {
  name: string;
  port?: number | string;
  containerPort?: number;
  targetPort?: string;
}

interface Volume {
  name: string;
  secret?: { secretName: string; items?: { key: string }[] };
  projected?: { sources: { secret?: { name: string; items?: { key: string }[] } }[] };
}

interface Container {
  name: string;
  image: string;
  command?: string[];
  ports?: Port[];
  resources: { limits: { memory: string } };
  livenessProbe?: unknown;
  lifecycle?: { preStop?: { sleep?: { seconds: number } } };
}

export interface Pod {
  terminationGracePeriodSeconds?: number;
  containers: [Container, ...Container[]];
  volumes?: Volume[];
}

interface Rule {
  from?: Peer[];
  to?: Peer[];
}
export interface Peer {
  podSelector?: Selector;
  namespaceSelector?: Selector;
  ipBlock?: unknown;
}
interface Selector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { values: string[] }[];
}

export interface Manifest {
  kind: string;
  metadata: { name: string };
  spec: {
    replicas?: number;
    maxReplicas?: number;
    template?: { spec: Pod };
    ports?: Port[];
    podSelector?: Selector;
    ingress?: Rule[];
    egress?: Rule[];
    volumeClaimTemplates?: { spec: { resources: { requests: { storage: string } } } }[];
  };
}

export const read = (path: string) => readFileSync(join(ROOT, path), "utf8");

/** The manifests of a file below deploy/kubernetes, as they are before kustomize changes them. */
export function manifestsOf(path: string): Manifest[] {
  return parseAllDocuments(read(`${FOLDER}/${path}`)).map((document) => document.toJS());
}

export const BASE = ["gateway", "consumer", "query", "edge", "nats", "migrate"].flatMap((name) =>
  manifestsOf(`base/${name}.yaml`),
);

/** The manifests of the base that run pods. */
export const WORKLOADS = BASE.filter(({ spec }) => spec.template !== undefined);

export function podOf({ spec }: Manifest): Pod {
  if (spec.template === undefined) throw new Error("this manifest runs no pod");
  return spec.template.spec;
}

export interface ComposeService {
  image: string;
  command?: string[] | string;
  mem_limit?: string;
  stop_grace_period?: string;
  networks?: string[];
  environment?: Record<string, string>;
}

export const COMPOSE: Record<string, ComposeService> = parse(read("docker-compose.yml"), { merge: true }).services;

export function composeService(name: string): ComposeService {
  const service = COMPOSE[name];
  if (service === undefined) throw new Error(`compose has no service ${name}`);
  return service;
}

/** The settings of each file and each list in deploy/kubernetes, and their values. */
export const SETTINGS_OF_FILES: [file: string, settings: Record<string, string>][] = [
  ...globSync(`${FOLDER}/**/*.env`, { cwd: ROOT }).map((path): [string, Record<string, string>] => [
    path,
    parseEnv(read(path)) as Record<string, string>,
  ]),
  ...globSync(`${FOLDER}/**/kustomization.yaml`, { cwd: ROOT }).map((path): [string, Record<string, string>] => [
    path,
    parseEnv(
      (parse(read(path)).configMapGenerator ?? []).flatMap(({ literals = [] }) => literals as string[]).join("\n"),
    ) as Record<string, string>,
  ]),
];

export const SETTINGS_OF_BASE = parseEnv(read(`${FOLDER}/base/settings.env`)) as Record<string, string>;
