import type { Figures } from "./measure-load.ts";
import { fastest, RECORDED, type Recorder } from "./recorder.ts";

/** A target for two cores of one machine. Most targets are ratios, because milliseconds depend on the machine. */
export interface Target {
  name: string;
  atLeast: string;
  aim: string;
  /** Undefined if this run did not measure it. */
  measured: number | undefined;
}

type Figure = (figures: Figures) => number | undefined;

const committed: Figure = (figures) => figures.committedPerSecond;
const requests: Figure = (figures) => figures.requestsPerSecond;

export function listTargets(recorder: Recorder): Target[] {
  const postgres = fastest(recorder.median(RECORDED.postgres));
  const sqlite = fastest(recorder.median(RECORDED.sqlite));
  const at = (target: string, eventsPerRequest: number, connections: number, figure: Figure) => {
    const figures = recorder.median(RECORDED.load(target, { eventsPerRequest, connections }));
    return figures && figure(figures);
  };
  const toEcho = (shape: string, connections: number) =>
    divide(at(shape, 1, connections, requests), at("echo", 1, connections, requests));
  const lone = (shape: string) => recorder.median(RECORDED.lone(shape))?.p99;
  const duplicatesToNew = (shape: string) =>
    divide(
      recorder.median(RECORDED.allDuplicates(shape))?.committedPerSecond,
      recorder.median(RECORDED.allNew(shape))?.committedPerSecond,
    );
  const toPostgres = (size: number, connections: number) => divide(at("stack", size, connections, committed), postgres);
  return [
    target("stack, 100 a request, 32 connections ÷ raw PostgreSQL", 0.7, 1, toPostgres(100, 32)),
    target("stack, 10 a request, 32 connections ÷ raw PostgreSQL", 0.35, 0.5, toPostgres(10, 32)),
    target("stack, 10 a request, 256 connections ÷ raw PostgreSQL", 0.7, 0.9, toPostgres(10, 256)),
    target("stack, single events, 32 connections ÷ bare Fastify", 0.15, 0.25, toEcho("stack", 32)),
    target("stack, single events, 256 connections ÷ bare Fastify", 0.4, 0.6, toEcho("stack", 256)),
    target(
      "single, 100 a request, 32 connections ÷ raw SQLite",
      0.4,
      0.6,
      divide(at("single", 100, 32, committed), sqlite),
    ),
    target("single, single events, 32 connections ÷ bare Fastify", 0.45, 0.6, toEcho("single", 32)),
    target("single, single events, 256 connections ÷ bare Fastify", 0.6, 0.8, toEcho("single", 256)),
    target("stack, p99 of a lone client, ms", "≤ 10", "≤ 5", lone("stack")),
    target("single, p99 of a lone client, ms", "≤ 3", "≤ 1", lone("single")),
    target("stack, CPU an event at 100 a request, µs", "≤ 25", "≤ 15", at("stack", 100, 32, cpuPerEvent)),
    target("single, CPU an event at 100 a request, µs", "≤ 10", "≤ 6", at("single", 100, 32, cpuPerEvent)),
    target("stack, all duplicates ÷ all new", 0.7, 1, duplicatesToNew("stack")),
    target("single, all duplicates ÷ all new", 0.7, 1, duplicatesToNew("single")),
  ];
}

/** Returns the processor time per event of all processes. */
export function cpuPerEvent(figures: Figures): number {
  return Object.entries(figures).reduce((sum, [name, value]) => sum + (name.startsWith("cpu ") ? value : 0), 0);
}

function target(name: string, atLeast: number | string, aim: number | string, measured: number | undefined): Target {
  return { name, atLeast: String(atLeast), aim: String(aim), measured };
}

function divide(value: number | undefined, by: number | undefined): number | undefined {
  return value === undefined || by === undefined || by === 0 ? undefined : value / by;
}
