import { InvalidInput } from "@tidemark/domain/errors";
import { MAX_PAGE_BYTES } from "@tidemark/event-store/event-store";

/** Reads rows until the page is full, by number or by bytes. It fetches only the first of the rows that do not fit. */
export function takePage<Row>(
  rows: Iterable<Row>,
  limit: number,
  textsOf: (row: Row) => (string | null)[],
  maxBytes: number = MAX_PAGE_BYTES,
): { page: Row[]; isLast: boolean } {
  const page: Row[] = [];
  let bytes = 0;
  for (const row of rows) {
    if (page.length === limit) return { page, isLast: false };
    for (const text of textsOf(row)) bytes += Buffer.byteLength(text ?? "");
    if (bytes > maxBytes && page.length > 0) return { page, isLast: false };
    page.push(row);
  }
  return { page, isLast: true };
}

/** Reads a position, which is the id of a row. @throws {InvalidInput} `invalid_cursor` */
export function readPosition(text: string): number {
  const position = /^(0|[1-9]\d{0,15})$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(position)) return position;
  throw new InvalidInput({ code: "invalid_cursor", status: 400, detail: "this cursor was not issued by this service" });
}
