import fc from "fast-check";
import { expect, test } from "vitest";
import { AckFilter } from "./ack-filter.ts";

const CONNECT = 'CONNECT {"verbose":false}\r\n';
const ACK = "PUB $JS.ACK.EVENTS.c.1.2.3.4.5 4\r\n+ACK\r\n";
const PULL = 'PUB $JS.API.CONSUMER.MSG.NEXT.EVENTS.c inbox.1 13\r\n{"batch":500}\r\n';
const HEADED = "HPUB verdicts 12 16\r\nNATS/1.0\r\n\r\nPUB \r\n";
const STREAM = [CONNECT, PULL, ACK, HEADED, ACK, "PING\r\n"].join("");

/** Returns the filtered stream, if it arrives in pieces that are cut at these offsets. */
function passed(isWithholding: boolean, cuts: number[]): string {
  const filter = new AckFilter();
  filter.isWithholding = isWithholding;
  const places = [0, ...cuts.toSorted((a, b) => a - b), STREAM.length];
  const pieces = places.slice(1).map((end, index) => STREAM.slice(places[index], end));
  return pieces.map((piece) => filter.pass(Buffer.from(piece)).toString()).join("");
}

const cuts = fc.array(fc.nat({ max: STREAM.length }), { maxLength: 20 });

test.for([
  ["every message passes", false, STREAM],
  ["only acknowledgements are withheld", true, STREAM.replaceAll(ACK, "")],
] as const)("%s, for any division of the stream into pieces", ([, isWithholding, expected]) => {
  fc.assert(
    fc.property(cuts, (places) => {
      expect(passed(isWithholding, places)).toBe(expected);
    }),
  );
});
