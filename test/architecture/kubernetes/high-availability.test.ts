import { expect, test } from "vitest";
import { prometheusRule } from "../../../tools/kubernetes/prometheus-rule.ts";
import { composeService, manifestsOf, ROOT, read, WORKLOADS } from "./manifests.ts";

interface Cluster {
  spec: {
    imageName: string;
    instances: number;
    bootstrap: { initdb: { owner: string; database: string; postInitApplicationSQL: string[] } };
    managed: { roles: { name: string; inRoles?: string[] }[] };
    postgresql: { synchronous: object; parameters: Record<string, string> };
    resources: { limits: { memory: string } };
  };
}
const [{ spec: cluster }] = manifestsOf("overlays/ha/postgres.yaml") as unknown as [Cluster];
const roles = read("deploy/postgres/roles.sql");

test("the alerts for the Prometheus operator are those of compose (npm run kubernetes:rules writes them)", () => {
  expect(read("deploy/kubernetes/components/monitoring/prometheus-rule.yaml")).toBe(prometheusRule(ROOT));
});

test("the database has the major version, the memory and the parameters that it has in compose", () => {
  const { image, command, mem_limit } = composeService("postgres");
  const parameters = [...String(command).matchAll(/-c,(\w+)=(\w+)/g)].map(([, name, value]) => [name, value]);
  expect(/:(\d+)/.exec(cluster.imageName)?.[1]).toBe(/:(\d+)/.exec(image)?.[1]);
  expect(cluster.resources.limits.memory).toBe(mem_limit?.replace("g", "Gi"));
  expect(parameters).toHaveLength(3);
  expect(cluster.postgresql.parameters).toMatchObject(Object.fromEntries(parameters));
});

test("a confirmed commit is on two servers of the database, and the promoted one has it", () => {
  expect(cluster.instances).toBe(3);
  expect(cluster.postgresql.synchronous).toEqual({
    method: "any",
    number: 1,
    dataDurability: "required",
    failoverQuorum: true,
  });
});

test("the roles of the database are those of compose, with the same statements", () => {
  const { owner, postInitApplicationSQL } = cluster.bootstrap.initdb;
  const names = [owner, ...cluster.managed.roles.map(({ name }) => name)];
  expect(names).toEqual([...roles.matchAll(/^ALTER ROLE (\w+) LOGIN/gm)].map(([, name]) => name));
  const created = cluster.managed.roles.map(({ name }) => `CREATE ROLE ${name}`);
  for (const statement of postInitApplicationSQL.filter((text) => !created.includes(text))) {
    expect(roles).toContain(`${statement};`);
  }
  const granted = cluster.managed.roles.flatMap(({ name, inRoles = [] }) =>
    inRoles.map((role) => `GRANT ${role} TO ${name};`),
  );
  expect(roles).toContain(granted.join("\n"));
});

test("the connections of as many consumers and queries as there may be fit into the database, with ten to spare", () => {
  const [consumers] = manifestsOf("overlays/ha/autoscaling.yaml");
  const queries = WORKLOADS.find(({ metadata }) => metadata.name === "query");
  // docs/sizing.md, Connections
  const connections = 12 * (consumers?.spec.maxReplicas ?? Number.NaN) + 11 * (queries?.spec.replicas ?? Number.NaN);
  expect(connections).toBeLessThanOrEqual(Number(cluster.postgresql.parameters.max_connections) - 10);
});

test("each replicated part has a disruption budget", () => {
  const budgets = manifestsOf("overlays/ha/availability.yaml").map(({ metadata }) => metadata.name);
  expect(budgets).toEqual(WORKLOADS.filter(({ kind }) => kind !== "Job").map(({ metadata }) => metadata.name));
});

test("the three brokers have the configuration of the single one, whose writes reach the disk", () => {
  expect(read("deploy/kubernetes/overlays/ha/nats/cluster.conf")).toContain('include "nats.conf"');
  expect(read("deploy/nats/nats.conf")).toMatch(/sync_interval: always$/m);
  const [servers] = manifestsOf("overlays/ha/nats/three-servers.yaml");
  expect(read("deploy/kubernetes/overlays/ha/kustomization.yaml")).toContain(`LOG_REPLICAS=${servers?.spec.replicas}`);
});
