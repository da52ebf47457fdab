import { CLOUD_EVENT_FAULT_TEXTS, isPaddedBase64 } from "./cloud-event.ts";
import type { Fault } from "./errors.ts";
import { FAULT_TEXTS, hasNameLength, isJsonObject, isName } from "./event.ts";
import { toUtcMicroseconds } from "./timestamp.ts";

/**
 * Finds the same faults of fields as the schemas `Event` and `CloudEvent`, in the same order. The schemas are not used
 * here because they take 10 µs or more for an invalid event, and a batch may have 10,000 events of two bytes.
 */

/** Returns what is wrong with a field, or undefined if it follows its rule. */
type FieldRule = (value: unknown) => string | undefined;

/** Returns the faults of an event. It does not look inside the payload or at the attributes. */
export function findEventFaults(value: unknown): Fault[] {
  if (!isJsonObject(value)) return [{ pointer: "", detail: FAULT_TEXTS.noEvent }];
  const { topic, event_id: eventId, timestamp, source, payload } = value;
  const faults: Fault[] = [];
  addFault(faults, "/topic", nameFault(topic));
  addFault(faults, "/event_id", nameFault(eventId));
  addFault(faults, "/timestamp", timestampFault(timestamp));
  addFault(faults, "/source", nameFault(source));
  const isPayload = payload === undefined || isJsonObject(payload);
  addFault(faults, "/payload", isPayload ? undefined : FAULT_TEXTS.noObject);
  return faults;
}

/** Returns the faults of a CloudEvent. It does not look inside the data or at the extension attributes. */
export function findCloudEventFaults(value: unknown): Fault[] {
  if (!isJsonObject(value)) return [{ pointer: "", detail: CLOUD_EVENT_FAULT_TEXTS.noCloudEvent }];
  const { specversion, type, id, source, time, data, data_base64: base64 } = value;
  const faults: Fault[] = [];
  addFault(faults, "/specversion", versionFault(specversion));
  addFault(faults, "/type", nameFault(type));
  addFault(faults, "/id", nameFault(id));
  addFault(faults, "/source", nameFault(source));
  addFault(faults, "/time", optionalFault(time, timestampFault));
  addFault(faults, "/subject", optionalFault(value.subject, textFault));
  addFault(faults, "/datacontenttype", optionalFault(value.datacontenttype, textFault));
  addFault(faults, "/dataschema", optionalFault(value.dataschema, textFault));
  addFault(faults, "/data_base64", optionalFault(base64, base64Fault));
  const hasBoth = data !== undefined && base64 !== undefined && base64 !== null;
  addFault(faults, "/data_base64", hasBoth ? CLOUD_EVENT_FAULT_TEXTS.besideData : undefined);
  return faults;
}

function addFault(faults: Fault[], pointer: string, detail: string | undefined): void {
  if (detail !== undefined) faults.push({ pointer, detail });
}

function optionalFault(value: unknown, rule: FieldRule): string | undefined {
  return value === undefined || value === null ? undefined : rule(value);
}

function nameFault(value: unknown): string | undefined {
  if (isName(value)) return undefined;
  if (typeof value !== "string") return stringFault(value);
  if (value === "") return FAULT_TEXTS.empty;
  return hasNameLength(value) ? FAULT_TEXTS.controlCharacter : FAULT_TEXTS.tooLong;
}

function timestampFault(value: unknown): string | undefined {
  if (typeof value !== "string") return stringFault(value);
  return toUtcMicroseconds(value) === undefined ? FAULT_TEXTS.badTimestamp : undefined;
}

function textFault(value: unknown): string | undefined {
  if (typeof value !== "string") return stringFault(value);
  return value === "" ? FAULT_TEXTS.empty : undefined;
}

function base64Fault(value: unknown): string | undefined {
  if (typeof value !== "string") return stringFault(value);
  return isPaddedBase64(value) ? undefined : CLOUD_EVENT_FAULT_TEXTS.noBase64;
}

function versionFault(value: unknown): string | undefined {
  if (value === undefined) return FAULT_TEXTS.missing;
  return value === "1.0" ? undefined : CLOUD_EVENT_FAULT_TEXTS.otherVersion;
}

function stringFault(value: unknown): string {
  return value === undefined ? FAULT_TEXTS.missing : FAULT_TEXTS.noString;
}
