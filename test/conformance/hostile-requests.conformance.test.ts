import { describe, expect, test } from "vitest";
import { expectProblem } from "./expectations.ts";
import { expectHealthy, expectNothingTaken } from "./hostility.ts";
import { getJson, readJson } from "./http-client.ts";
import { makeEvent, makeEvents, uniqueTopic } from "./publishing.ts";
import { publishRequest, RawConnection, requestText } from "./raw-connection.ts";

// Bytes that no HTTP client would send. The edge or the service answers with the same class of status and a problem,
// and nothing is stored.

const POST = "POST /publish HTTP/1.1";
const JSON_TYPE = "Content-Type: application/json";
const body = JSON.stringify(makeEvent({ topic: uniqueTopic("hostile") }));
const sized = (length: number | string) => requestText(POST, [JSON_TYPE, `Content-Length: ${length}`], body);
const chunked = (chunks: string, ...headers: string[]) =>
  requestText(POST, [JSON_TYPE, "Transfer-Encoding: chunked", ...headers], chunks);
const hex = (text: string) => Buffer.byteLength(text).toString(16);
const chunk = `${hex(body)}\r\n${body}\r\n`;

/** Sends a text and returns its answers: `answerCount`, or fewer if the connection ends before. */
async function exchange(text: string | Buffer, answerCount = 1) {
  const connection = await RawConnection.open();
  await connection.send(text);
  const answers = await connection.untilAnswered(answerCount);
  connection.destroy();
  return answers;
}

describe("malformed requests", () => {
  test.each([
    ["no HTTP", "NONSENSE\r\n\r\n", [400]],
    ["TLS where there is none", Buffer.from("16030100a5010000a10303\r\n\r\n".replace(/[^0-9a-f]/g, ""), "hex"), [400]],
    ["the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [400, 505]],
    ["a version of HTTP that never existed", requestText("POST /publish HTTP/7.3", [JSON_TYPE]), [400, 505]],
    ["no Host", `${POST}\r\n${JSON_TYPE}\r\nContent-Length: ${body.length}\r\n\r\n${body}`, [400]],
    ["two Hosts", requestText(POST, ["Host: tidemark.example", JSON_TYPE]), [400]],
    ["a Host with a space", sized(body.length).replace(/Host: .*/, "Host: a b"), [400]],
    [
      "gzip inside chunks",
      requestText(POST, [JSON_TYPE, "Transfer-Encoding: gzip, chunked"], `${chunk}0\r\n\r\n`),
      [501],
    ],
    ["a header without a name", requestText(POST, [": nothing"]), [400]],
    ["NUL in a header", requestText(POST, ["X-Nul: a\u0000b"]), [400]],
    ["a space before the colon", requestText(POST, [`Content-Length : ${body.length}`, JSON_TYPE], body), [400]],
    ["a header of 100,000 bytes", requestText("GET /livez HTTP/1.1", [`X-Large: ${"x".repeat(100_000)}`]), [400, 431]],
    ["10,000 headers", requestText("GET /livez HTTP/1.1", Array(10_000).fill("X-Many: 1")), [400, 431]],
    ["a path of 100,000 bytes", requestText(`GET /${"x".repeat(100_000)} HTTP/1.1`, []), [400, 414, 431]],
    ["a negative length", sized(-1), [400]],
    ["a length that is not a number", sized("many"), [400]],
    ["a length with a sign", sized(`+${body.length}`), [400]],
    ["a length beyond any number", sized("9".repeat(30)), [400, 413]],
    ["two lengths", requestText(POST, [JSON_TYPE, "Content-Length: 1", `Content-Length: ${body.length}`], body), [400]],
    ["a length and chunks", chunked(`${chunk}0\r\n\r\n`, `Content-Length: ${body.length}`), [400]],
    ["an unknown transfer encoding", requestText(POST, [JSON_TYPE, "Transfer-Encoding: rot13"], body), [400, 501]],
    ["chunks inside gzip", requestText(POST, [JSON_TYPE, "Transfer-Encoding: chunked, gzip"], body), [400, 501]],
    ["a chunk's size that is not a number", chunked(`zz\r\n${body}\r\n0\r\n\r\n`), [400]],
    ["a chunk's size that is negative", chunked(`-5\r\n${body}\r\n0\r\n\r\n`), [400]],
    ["a chunk's size beyond any number", chunked(`${"f".repeat(17)}\r\n${body}\r\n0\r\n\r\n`), [400, 413]],
    ["a chunk longer than its size", chunked(`5\r\n${body}\r\n0\r\n\r\n`), [400]],
  ] as [string, string | Buffer, number[]][])("a malformed request is refused: %s", async (_name, text, statuses) => {
    await expectNothingTaken(async () => {
      const answers = await exchange(text);
      expect(answers).toHaveLength(1);
      for (const answer of answers) expectProblem(answer, ...statuses);
    });
  });
});

describe("requests of a wrong length", () => {
  // The client has left, or its next bytes break the connection, so the answer may not reach it.
  test.each([
    ["chunks without an end", chunked(chunk)],
    ["a last chunk without its end", chunked(`${chunk}0\r\n`)],
    ["a length larger than the body", sized(body.length + 10)],
    ["a length shorter than the body", sized(body.length - 1)],
    ["a head without an end", sized(body.length).slice(0, 60)],
  ])("a request of a wrong length is not taken: %s", async (_name, text) => {
    await expectNothingTaken(async () => {
      const connection = await RawConnection.open();
      await connection.send(text);
      connection.finish();
      for (const answer of await connection.untilClosed()) expectProblem(answer, 400);
    });
  });
});

describe("chunks without measure", () => {
  /** Sends a piece repeatedly until the service answers or closes, or until the limit of bytes is sent. */
  async function pump(connection: RawConnection, piece: string, maxBytes: number): Promise<void> {
    for (let sent = 0; sent < maxBytes; sent += piece.length) {
      if (connection.answers.length > 0 || !(await connection.send(piece))) return;
    }
  }

  test.each([
    ["extensions of a chunk that never end", `5;a=`, "x".repeat(10_000)],
    ["trailers that never end", `${chunk}0\r\n`, `X-Trailer: ${"x".repeat(1_000)}\r\n`.repeat(10)],
    ["a trailer without an end", `${chunk}0\r\nX-Trailer: `, "x".repeat(10_000)],
  ])("%s are refused, and nothing is stored", async (_name, start, piece) => {
    await expectNothingTaken(async () => {
      const connection = await RawConnection.open();
      await connection.send(chunked(start));
      await pump(connection, piece, 64_000_000);
      connection.finish();
      for (const answer of await connection.untilClosed()) expectProblem(answer, 400, 413, 431);
    });
  });

  test("millions of chunks of one byte are not taken", async () => {
    await expectNothingTaken(async () => {
      const connection = await RawConnection.open();
      await connection.send(chunked(""));
      await pump(connection, "1\r\n \r\n".repeat(2_000), 64_000_000);
      connection.finish();
      for (const { status } of await connection.untilClosed()) expect(status).toBeGreaterThanOrEqual(400);
    });
  });

  test("a body in chunks of one byte is accepted", async () => {
    const topic = uniqueTopic();
    const text = JSON.stringify(makeEvent({ topic }));
    const chunks = [...text].map((character) => `1\r\n${character}\r\n`).join("");

    const [answer] = await exchange(chunked(`${chunks}0\r\nX-Trailer: ignored\r\n\r\n`, "Prefer: wait=30"));

    expect(answer?.status).toBe(200);
    expect(await getJson(`/events?topic=${topic}`)).toMatchObject({ count: 1 });
  });
});

describe("pipelined requests", () => {
  test("pipelined requests are answered in order, each with its own counts", async () => {
    const topic = uniqueTopic("pipelined");
    const sizes = Array.from({ length: 60 }, (_, index) => 1 + (index % 7));
    const requests = sizes.map((size, index) => publishRequest(makeEvents(topic, size, index * 10)));

    const answers = await exchange(requests.join(""), sizes.length);

    expect(answers.map(({ status }) => status)).toEqual(sizes.map(() => 200));
    expect(answers.map((answer) => readJson(answer).accepted)).toEqual(sizes);
    expect(await getJson(`/stats?topic=${topic}`)).toMatchObject({
      by_topic: [{ unique_processed: sizes.reduce((sum, size) => sum + size), duplicate_dropped: 0 }],
    });
  });

  test("valid and invalid pipelined requests are each answered as if alone", async () => {
    const topic = uniqueTopic("pipelined");
    const turns = Array.from({ length: 20 }, (_, index) => [
      publishRequest(makeEvents(topic, 2, index * 2)),
      publishRequest([makeEvent({ topic, event_id: "bad", source: "" })]),
      requestText("GET /livez HTTP/1.1", []),
      publishRequest([]),
    ]);

    const answers = await exchange(turns.flat().join(""), 80);

    expect(answers.map(({ status }) => status)).toEqual(turns.flatMap(() => [200, 422, 200, 422]));
    expect(await getJson(`/events?topic=${topic}`)).toMatchObject({ count: 40 });
  });

  test("bytes behind a malformed request are not read as a request", async () => {
    const hidden = publishRequest(makeEvent({ topic: uniqueTopic("smuggled") }));

    await expectNothingTaken(async () => {
      for (const text of [
        chunked(`zz\r\n${hidden}`),
        `NONSENSE\r\n\r\n${hidden}`,
        chunked(`0\r\n${hidden}`, "Content-Length: 0"),
      ]) {
        const answers = await exchange(text);
        expect(answers.map(({ status }) => status).filter((status) => status !== 400)).toEqual([]);
      }
    });
  });

  test("the service is healthy after malformed requests", () => expectHealthy());
});
