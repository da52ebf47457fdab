import { expect, test } from "vitest";
import { COMPOSE, type Manifest, manifestsOf, type Peer } from "./manifests.ts";

const POLICIES = [...manifestsOf("base/network-policies.yaml"), ...manifestsOf("overlays/ha/network-policies.yaml")];

/** Returns the parts that a selector names, by their names in compose. */
function partsOf({ matchLabels = {}, matchExpressions = [] }: NonNullable<Peer["podSelector"]> = {}): string[] {
  const { "app.kubernetes.io/name": name, "cnpg.io/cluster": cluster } = matchLabels;
  return [name, cluster, ...matchExpressions.flatMap(({ values }) => values)].filter((part) => part !== undefined);
}

/** Returns the pairs of parts that a policy lets speak to each other. */
function pairsOf({ spec }: Manifest): [from: string, to: string][] {
  const own = partsOf(spec.podSelector);
  const others = (peers: Peer[] = []) => peers.flatMap(({ podSelector }) => partsOf(podSelector));
  const incoming = (spec.ingress ?? []).flatMap(({ from }) =>
    others(from).flatMap((other) => own.map((part) => [other, part])),
  );
  const outgoing = (spec.egress ?? []).flatMap(({ to }) =>
    others(to).flatMap((other) => own.map((part) => [part, other])),
  );
  return [...incoming, ...outgoing] as [string, string][];
}

const PAIRS = POLICIES.flatMap(pairsOf);

test.each(PAIRS.filter(([from, to]) => from !== to))("%s may speak to %s in compose as well", (from, to) => {
  const networks = COMPOSE[from]?.networks ?? [];
  expect(networks.filter((network) => COMPOSE[to]?.networks?.includes(network))).not.toEqual([]);
});

test("what one end may send, the other end may receive", () => {
  const received = POLICIES.flatMap(({ spec, ...rest }) => pairsOf({ ...rest, spec: { ...spec, egress: [] } }));
  const [toPostgres] = manifestsOf("overlays/ha/to-postgres.yaml");
  const clients = partsOf(POLICIES.find(({ metadata }) => metadata.name === "to-postgres")?.spec.podSelector);
  const database = (toPostgres?.spec.egress ?? []).flatMap(({ to = [] }) =>
    to.flatMap(({ podSelector }) => partsOf(podSelector)),
  );
  const sent = [
    ...POLICIES.flatMap(({ spec, ...rest }) => pairsOf({ ...rest, spec: { ...spec, ingress: [] } })),
    ...clients.flatMap((client) => database.map((part): [string, string] => [client, part])),
  ];
  const texts = (pairs: [string, string][]) => [...new Set(pairs.map((pair) => pair.join(" to ")))].sort();
  expect(texts(sent)).toEqual(texts(received));
});

test("every pod begins with no connection at all", () => {
  expect(POLICIES[0]).toMatchObject({ spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] } });
});
