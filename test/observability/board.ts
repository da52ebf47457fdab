import { readFileSync } from "node:fs";
import type { Prometheus, Sample } from "./prometheus.ts";

const BOARD = new URL("../../deploy/grafana/boards/tidemark.json", import.meta.url);

export interface Panel {
  title: string;
  type: "row" | "stat" | "timeseries" | "table";
  gridPos: { x: number; y: number; w: number; h: number };
  fieldConfig?: { defaults: { unit: string } };
  targets?: { expr: string; legendFormat: string }[];
}

export interface QueryResult {
  panel: string;
  expression: string;
  samples: Sample[];
}

/** Reads the panels of Grafana's board, with their queries. */
export function readPanels(): Panel[] {
  return (JSON.parse(readFileSync(BOARD, "utf8")) as { panels: Panel[] }).panels;
}

/** Runs every query of the board. Like Grafana, it leaves out samples that are not numbers. */
export async function runQueries(prometheus: Prometheus): Promise<QueryResult[]> {
  const queries = readPanels().flatMap(({ title, targets = [] }) => targets.map(({ expr }) => [title, expr] as const));
  return Promise.all(
    queries.map(async ([panel, expression]) => {
      const samples = await prometheus.query(expression);
      return { panel, expression, samples: samples.filter(({ value: [, value] }) => value !== "NaN") };
    }),
  );
}
