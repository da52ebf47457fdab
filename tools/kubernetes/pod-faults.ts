/** The parts of a manifest that are looked at. */
export interface Manifest {
  kind: string;
  metadata: { name: string };
  spec?: { template?: { spec?: PodSpec } };
}

interface PodSpec {
  automountServiceAccountToken?: boolean;
  securityContext?: SecurityContext & { seccompProfile?: { type?: string } };
  containers: Container[];
  initContainers?: Container[];
  volumes?: Volume[];
}

interface Container {
  name: string;
  securityContext?: SecurityContext;
  resources?: { requests?: Record<string, string>; limits?: Record<string, string> };
  envFrom?: { configMapRef?: { name: string } }[];
}

interface SecurityContext {
  runAsNonRoot?: boolean;
  runAsUser?: number;
  readOnlyRootFilesystem?: boolean;
  allowPrivilegeEscalation?: boolean;
  privileged?: boolean;
  capabilities?: { drop?: string[]; add?: string[] };
}

interface Volume {
  configMap?: { name: string };
  projected?: { sources: { configMap?: { name: string } }[] };
}

/** Describes what pods may do and should not, what they take without a limit, and ConfigMaps that they name but do not exist. */
export function podFaults(manifests: readonly Manifest[]): string[] {
  const configMaps = new Set(manifests.filter(({ kind }) => kind === "ConfigMap").map(({ metadata }) => metadata.name));
  return manifests.flatMap(({ kind, metadata, spec }) => {
    const pod = spec?.template?.spec;
    if (pod === undefined) return [];
    const missing = configMapsOf(pod).filter((name) => !configMaps.has(name));
    return [
      ...faultsOfPod(pod),
      ...[...pod.containers, ...(pod.initContainers ?? [])].flatMap((container) => faultsOfContainer(container, pod)),
      ...missing.map((name) => `names the ConfigMap ${name}, which does not exist`),
    ].map((fault) => `${kind} ${metadata.name}: ${fault}`);
  });
}

function configMapsOf({ containers, volumes = [] }: PodSpec): string[] {
  return [
    ...containers.flatMap(({ envFrom = [] }) => envFrom.map(({ configMapRef }) => configMapRef?.name)),
    ...volumes.flatMap(({ configMap, projected }) => [
      configMap?.name,
      ...(projected?.sources ?? []).map((source) => source.configMap?.name),
    ]),
  ].filter((name) => name !== undefined);
}

function faultsOfPod({ automountServiceAccountToken, securityContext }: PodSpec): string[] {
  return unmet([
    [automountServiceAccountToken === false, "has a token of the API server"],
    [securityContext?.seccompProfile?.type === "RuntimeDefault", "has no seccomp profile"],
  ]);
}

function faultsOfContainer({ name, securityContext = {}, resources = {} }: Container, pod: PodSpec): string[] {
  const context = { ...pod.securityContext, ...securityContext };
  const { capabilities = {} } = context;
  return unmet([
    [context.runAsNonRoot === true && (context.runAsUser ?? 0) > 0, "may run as root"],
    [context.readOnlyRootFilesystem === true, "may write to its root file system"],
    [context.allowPrivilegeEscalation === false && !context.privileged, "may get privileges"],
    [capabilities.drop?.includes("ALL") === true && !capabilities.add?.length, "has capabilities"],
    [resources.limits?.memory !== undefined, "has no limit of memory"],
    [resources.requests?.cpu !== undefined && resources.requests.memory !== undefined, "requests no resources"],
  ]).map((fault) => `the container ${name} ${fault}`);
}

function unmet(rules: [holds: boolean, fault: string][]): string[] {
  return rules.filter(([holds]) => !holds).map(([, fault]) => fault);
}
