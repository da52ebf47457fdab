import { expect, test } from "vitest";
import { type Manifest, podFaults } from "./pod-faults.ts";

const CONFIG_MAP: Manifest = { kind: "ConfigMap", metadata: { name: "settings-1" } };

/** Returns a Deployment without a fault, whose container has these properties and no others of the same names. */
function deployment(container: object = {}, pod: object = {}): Manifest {
  return {
    kind: "Deployment",
    metadata: { name: "gateway" },
    spec: {
      template: {
        spec: {
          automountServiceAccountToken: false,
          securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: "RuntimeDefault" } },
          containers: [
            {
              name: "gateway",
              securityContext: {
                readOnlyRootFilesystem: true,
                allowPrivilegeEscalation: false,
                capabilities: { drop: ["ALL"] },
              },
              resources: { requests: { cpu: "1", memory: "1Gi" }, limits: { memory: "1Gi" } },
              envFrom: [{ configMapRef: { name: "settings-1" } }],
              ...container,
            },
          ],
          ...pod,
        },
      },
    },
  } as Manifest;
}

test("a pod with few rights, limits and known ConfigMaps has no fault", () => {
  expect(podFaults([CONFIG_MAP, deployment()])).toEqual([]);
});

test("a container without a security context may do what it should not", () => {
  expect(podFaults([CONFIG_MAP, deployment({ securityContext: {} })])).toEqual([
    "Deployment gateway: the container gateway may write to its root file system",
    "Deployment gateway: the container gateway may get privileges",
    "Deployment gateway: the container gateway has capabilities",
  ]);
});

test.each([
  ["the user root", { runAsNonRoot: true, runAsUser: 0 }],
  ["the user of the image", { runAsNonRoot: true }],
  ["any user", { runAsUser: 1000 }],
])("a pod that runs as %s is a fault", (_, user) => {
  const securityContext = { ...user, seccompProfile: { type: "RuntimeDefault" } };
  expect(podFaults([CONFIG_MAP, deployment({}, { securityContext })])).toEqual([
    "Deployment gateway: the container gateway may run as root",
  ]);
});

test("a pod with a token, without seccomp and without limits is a fault each", () => {
  const pod = { automountServiceAccountToken: true, securityContext: { runAsNonRoot: true, runAsUser: 1 } };
  expect(podFaults([CONFIG_MAP, deployment({ resources: {} }, pod)])).toEqual([
    "Deployment gateway: has a token of the API server",
    "Deployment gateway: has no seccomp profile",
    "Deployment gateway: the container gateway has no limit of memory",
    "Deployment gateway: the container gateway requests no resources",
  ]);
});

test.each([
  ["its environment", deployment()],
  ["a volume", deployment({ envFrom: [] }, { volumes: [{ configMap: { name: "settings-1" } }] })],
  [
    "a projected volume",
    deployment({ envFrom: [] }, { volumes: [{ projected: { sources: [{ configMap: { name: "settings-1" } }] } }] }),
  ],
])("a ConfigMap that %s names and that does not exist is a fault", (_, manifest) => {
  expect(podFaults([manifest])).toEqual(["Deployment gateway: names the ConfigMap settings-1, which does not exist"]);
});
