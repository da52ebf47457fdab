/** Splits the data from a consumer to its broker into messages, so that only acknowledgements get lost. */
export class AckFilter {
  isWithholding = false;
  #rest: Buffer = Buffer.alloc(0);

  /** Returns the data to pass on; an incomplete message waits for the next piece. */
  pass(piece: Buffer): Buffer {
    const data = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    const passing: Buffer[] = [];
    let at = 0;
    for (;;) {
      const operation = readOperation(data, at);
      if (operation === undefined) break;
      if (!(this.isWithholding && operation.isAck)) passing.push(data.subarray(at, operation.end));
      at = operation.end;
    }
    this.#rest = data.subarray(at);
    return Buffer.concat(passing);
  }
}

/** Reads one operation of the NATS client protocol; undefined if it is incomplete. */
function readOperation(data: Buffer, start: number): { end: number; isAck: boolean } | undefined {
  const lineEnd = data.indexOf("\r\n", start);
  if (lineEnd < 0) return undefined;
  const [verb, subject = "", ...words] = data.toString("latin1", start, lineEnd).split(" ");
  if (verb !== "PUB" && verb !== "HPUB") return { end: lineEnd + 2, isAck: false };
  const payloadBytes = Number(words.at(-1));
  const end = lineEnd + 2 + payloadBytes + 2;
  if (end > data.length) return undefined;
  return { end, isAck: subject.startsWith("$JS.ACK.") };
}
