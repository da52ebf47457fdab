const MAX_COLUMNS = 160;

/**
 * Writes a Markdown table. Columns that hold text are aligned to the left, all others to the right. Cells are padded so
 * that columns line up, unless the lines would be longer than 160 characters.
 */
export function formatTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  textColumns: readonly number[] = [0],
): string {
  const lengths = head.map((cell, column) => Math.max(cell.length, 3, ...rows.map((row) => row[column]?.length ?? 0)));
  const isPadded = lengths.reduce((sum, length) => sum + length + 3, 1) <= MAX_COLUMNS;
  const pad = (cell: string, column: number) => {
    const width = isPadded ? (lengths[column] as number) : 0;
    return textColumns.includes(column) ? cell.padEnd(width) : cell.padStart(width);
  };
  const line = (cells: readonly string[]) =>
    `| ${head.map((_, column) => pad(cells[column] ?? "", column)).join(" | ")} |`;
  const rule = head.map((_, column) => {
    const dashes = "-".repeat((isPadded ? (lengths[column] as number) : 2) + 1);
    return textColumns.includes(column) ? `${dashes}-` : `${dashes}:`;
  });
  return [line(head), `|${rule.join("|")}|`, ...rows.map(line)].join("\n");
}
