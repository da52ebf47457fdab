import { type Panel, readPanels } from "./board.ts";
import type { Prometheus, Series } from "./prometheus.ts";

const COLUMN = 60;
const ROW = 30;
const GAP = 8;
const COLORS = ["#3274d9", "#c4162a", "#37872d", "#8f3bb8", "#e0752d", "#1f9f9f", "#806600", "#c15c97"];
const FACTORS: [number, string][] = [
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
  [1, ""],
  [1e-3, "m"],
  [1e-6, "µ"],
];
const UNITS: Record<string, string> = { s: "s", bytes: "B", ops: "/s", reqps: "/s" };

interface Line {
  legend: string;
  points: [seconds: number, value: number][];
}

/** Draws the board as SVG, from Prometheus' answers to its queries about the last `seconds`. */
export async function drawBoard(prometheus: Prometheus, seconds: number): Promise<string> {
  const panels = readPanels();
  const end = Math.floor(Date.now() / 1_000);
  const range = { start: end - seconds, end, step: Math.max(1, Math.floor(seconds / 90)) };
  const drawn = await Promise.all(
    panels.map(async (panel) => drawPanel(panel, await readLines(prometheus, panel, range))),
  );
  const height = Math.max(...panels.map(({ gridPos: { y, h } }) => (y + h) * ROW)) + GAP;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${24 * COLUMN + GAP} ${height}" font-family="sans-serif" font-size="11">`,
    "<title>The panels of Grafana's board</title>",
    `<rect width="100%" height="100%" fill="#f4f5f5"/>`,
    ...drawn,
    "</svg>\n",
  ].join("\n");
}

async function readLines(
  prometheus: Prometheus,
  { targets = [] }: Panel,
  range: { start: number; end: number; step: number },
): Promise<Line[]> {
  const answers = await Promise.all(
    targets.map(async ({ expr, legendFormat }) =>
      (await prometheus.queryRange(expr, range)).map((series) => ({
        legend: legendFormat.replaceAll(/\{\{(\w+)\}\}/g, (_, label) => series.metric[label] ?? ""),
        points: numbersOf(series),
      })),
    ),
  );
  return answers.flat().filter(({ points }) => points.length > 0);
}

function numbersOf({ values }: Series): Line["points"] {
  return values
    .map(([at, value]): [number, number] => [at, Number(value)])
    .filter(([, value]) => Number.isFinite(value));
}

function drawPanel(panel: Panel, lines: Line[]): string {
  const { x, y, w, h } = panel.gridPos;
  const [width, height] = [w * COLUMN - GAP, h * ROW - GAP];
  const title = `<text x="8" y="16" font-weight="bold">${escapeXml(panel.title)}</text>`;
  const frame = `<rect width="${width}" height="${height}" fill="#fff" stroke="#d8d9da"/>`;
  const unit = panel.fieldConfig?.defaults.unit ?? "none";
  const content =
    panel.type === "row"
      ? ""
      : panel.type === "timeseries"
        ? drawLines(lines, unit, width, height)
        : drawValues(lines, unit);
  const place = `x="${x * COLUMN + GAP}" y="${y * ROW + GAP}" width="${width}" height="${height}"`; // clips long legends
  return `<svg ${place}>${panel.type === "row" ? "" : frame}${title}${content}</svg>`;
}

/** Writes the last value of each line, one below the other. */
function drawValues(lines: Line[], unit: string): string {
  const texts = lines.map(({ legend, points }) => `${withUnit(points.at(-1)?.[1] ?? 0, unit)}  ${legend}`);
  return texts.map((text, i) => `<text x="8" y="${42 + i * 20}" font-size="16">${escapeXml(text)}</text>`).join("");
}

function drawLines(lines: Line[], unit: string, width: number, height: number): string {
  const [left, top, right, bottom] = [56, 28, width - 8, height - 34];
  const all = lines.flatMap(({ points }) => points);
  const [first, last] = [Math.min(...all.map(([at]) => at)), Math.max(...all.map(([at]) => at))];
  const most = Math.max(...all.map(([, value]) => value), 0) || 1;
  const place = ([at, value]: [number, number]) =>
    `${(left + ((at - first) / (last - first || 1)) * (right - left)).toFixed(1)},${(bottom - (Math.max(0, value) / most) * (bottom - top)).toFixed(1)}`;
  const grid = [0, 0.5, 1].map((part) => {
    const y = bottom - part * (bottom - top);
    const label = `<text x="${left - 4}" y="${y + 4}" text-anchor="end" fill="#6a6d70">${withUnit(part * most, unit)}</text>`;
    return `<path d="M${left} ${y}H${right}" stroke="#e4e5e6"/>${label}`;
  });
  const drawn = lines.map(
    ({ points }, i) =>
      `<polyline points="${points.map(place).join(" ")}" fill="none" stroke="${colorOf(i)}" stroke-width="1.5"/>`,
  );
  const legend = lines.map(({ legend }, i) => `<tspan fill="${colorOf(i)}" dx="8">${escapeXml(legend)}</tspan>`);
  return [...grid, ...drawn, `<text x="0" y="${height - 10}">${legend.join("")}</text>`].join("");
}

const colorOf = (index: number) => COLORS[index % COLORS.length] as string;

function withUnit(value: number, unit: string): string {
  if (unit === "percentunit") return `${Number((value * 100).toPrecision(3))} %`;
  const [factor, prefix] = FACTORS.find(([factor]) => Math.abs(value) >= factor) ?? [1, ""];
  return `${Number((value / factor).toPrecision(3))} ${prefix}${UNITS[unit] ?? ""}`.trim();
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
