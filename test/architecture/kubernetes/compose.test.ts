import { SETTINGS } from "@tidemark/runtime/setting-names";
import { expect, test } from "vitest";
import { parse } from "yaml";
import {
  BASE,
  composeService,
  manifestsOf,
  podOf,
  read,
  SETTINGS_OF_BASE,
  SETTINGS_OF_FILES,
  WORKLOADS,
} from "./manifests.ts";

const SERVICES = WORKLOADS.filter(({ kind }) => kind !== "Job");

/** Returns the default of a variable of compose: `${NAME:-default}`. */
const defaultOf = (value: string) => /^\$\{\w+:-(.*)\}$/.exec(value)?.[1] ?? value;
const seconds = (text = "10s") => Number(/^(\d+)s$/.exec(text)?.[1]);

test("the workloads of the base are services of compose", () => {
  expect(WORKLOADS.map(({ metadata }) => metadata.name)).toEqual([
    "gateway",
    "consumer",
    "query",
    "edge",
    "nats",
    "migrate",
  ]);
});

test.each(WORKLOADS)("$metadata.name has the image, the command and the memory that it has in compose", (workload) => {
  const service = composeService(workload.metadata.name);
  const [container] = podOf(workload).containers;
  expect(container.image).toBe(defaultOf(service.image));
  if (container.command !== undefined) expect(container.command).toEqual(service.command);
  expect(container.resources.limits.memory).toBe(service.mem_limit?.replace("m", "Mi"));
});

test.each(SERVICES)("$metadata.name has at least the time to stop that it has in compose", (workload) => {
  const pod = podOf(workload);
  const sleepSeconds = pod.containers[0].lifecycle?.preStop?.sleep?.seconds ?? 0;
  const { stop_grace_period } = composeService(workload.metadata.name);
  expect((pod.terminationGracePeriodSeconds ?? 30) - sleepSeconds).toBeGreaterThanOrEqual(seconds(stop_grace_period));
});

test.each(SERVICES)("the liveness of $metadata.name depends on no other part", (workload) => {
  const [{ livenessProbe }] = podOf(workload).containers;
  expect(JSON.stringify(livenessProbe)).toMatch(/\/livez"|js-enabled-only=true"/);
});

test.each(SETTINGS_OF_FILES)("every name in %s is a setting", (_, settings) => {
  const unknown = Object.keys(settings).filter(
    (name) => !SETTINGS.has(name) && !SETTINGS.has(name.replace(/_FILE$/, "")),
  );
  expect(unknown).toEqual([]);
});

test.each(["HOST", "PORT", "METRICS_PORT", "TRUSTED_PROXIES", "NATS_MONITOR_URL", "REQUIRE_DURABLE"])(
  "%s has its value of compose",
  (name) => {
    expect(SETTINGS_OF_BASE[name]).toBe(defaultOf(String(composeService("gateway").environment?.[name])));
  },
);

test("containers listen at the ports of the settings and of the broker's and the edge's configuration", () => {
  const ports = Object.fromEntries(
    WORKLOADS.map((workload) => [
      workload.metadata.name,
      (podOf(workload).containers[0].ports ?? []).map(({ containerPort }) => containerPort),
    ]),
  );
  const http = [Number(SETTINGS_OF_BASE.PORT), Number(SETTINGS_OF_BASE.METRICS_PORT)];
  const broker = [...read("deploy/nats/nats.conf").matchAll(/0\.0\.0\.0:(\d+)/g)].map(([, port]) => Number(port));
  expect(ports).toEqual({ gateway: http, consumer: http, query: http, edge: http, nats: broker, migrate: [] });
  expect(read("deploy/nginx/start.sh")).toContain(`listen ${http[0]} `);
  expect(read("deploy/nginx/start.sh")).toContain(`:${http[0]} resolve`);
  expect(read("deploy/nginx/nginx.conf")).toContain(`listen ${http[1]};`);
});

test("each port of a service leads to a port of the pod with the same name and number", () => {
  for (const { metadata, spec } of BASE.filter(({ kind }) => kind === "Service")) {
    const workload = WORKLOADS.find((candidate) => candidate.metadata.name === metadata.name.replace(/-nodes$/, ""));
    const ofPod = workload === undefined ? [] : podOf(workload).containers[0].ports;
    const wanted = spec.ports?.map(({ port, targetPort }) => ({ name: targetPort, containerPort: port }));
    expect(ofPod, metadata.name).toEqual(expect.arrayContaining(wanted ?? []));
  }
});

test("the volume of the broker is larger than what its configuration lets it write", () => {
  const nats = WORKLOADS.find(({ metadata }) => metadata.name === "nats");
  const storage = nats?.spec.volumeClaimTemplates?.[0]?.spec.resources.requests.storage;
  const limit = /max_file_store: (\d+)GB/.exec(read("deploy/nats/nats.conf"))?.[1];
  expect(Number(/^(\d+)Gi$/.exec(storage ?? "")?.[1])).toBeGreaterThan(Number(limit));
});

test("the alerts' jobs are those of compose's Prometheus", () => {
  const [monitor] = manifestsOf("components/monitoring/service-monitor.yaml") as unknown as [
    {
      spec: {
        selector: { matchExpressions: [{ values: string[] }] };
        endpoints: [{ relabelings: { replacement: string }[] }];
      };
    },
  ];
  const { scrape_configs } = parse(read("deploy/prometheus/prometheus.yml"));
  const [job, deployment] = monitor.spec.endpoints[0].relabelings;
  const [{ values }] = monitor.spec.selector.matchExpressions;
  expect(values.map((name) => job?.replacement.replace("$1", name))).toEqual(
    scrape_configs.map(({ job_name }: { job_name: string }) => job_name),
  );
  for (const { relabel_configs } of scrape_configs) {
    expect(relabel_configs).toEqual([{ target_label: "deployment", replacement: deployment?.replacement }]);
  }
});
