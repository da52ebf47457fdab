/**
 * Generates the events of a stream of Server-Sent Events (the HTML standard, section 9.2.6). `fetch` reads it and not
 * `EventSource`, which cannot send a key but in the address. An event without data only moves the id.
 *
 * @param {Pick<Response, "body">} response
 * @returns {AsyncGenerator<{ id: string | undefined, data: string | undefined }>}
 */
export async function* readEvents({ body }) {
  /** @type {string | undefined} */
  let id;
  /** @type {string[]} */
  let data = [];
  for await (const line of readLines(body)) {
    if (line === "") {
      yield { id, data: data.length === 0 ? undefined : data.join("\n") };
      data = [];
    } else if (line.startsWith("data:")) data.push(fieldValue(line));
    else if (line.startsWith("id:")) id = fieldValue(line);
  }
}

/** @param {string} line */
function fieldValue(line) {
  return line.slice(line.indexOf(":") + 1).replace(/^ /, "");
}

/** @param {Response["body"]} body */
async function* readLines(body) {
  const decoder = new TextDecoder();
  /** @type {string[]} */
  let pieces = []; // of the line that has not ended, joined once: an event of eight megabytes comes in many chunks
  const reader = body?.getReader(); // not every browser can iterate over the body itself
  for (let read = await reader?.read(); read?.value !== undefined; read = await reader?.read()) {
    const [first = "", ...others] = decoder.decode(read.value, { stream: true }).split("\n");
    pieces.push(first);
    for (const next of others) {
      yield pieces.join("");
      pieces = [next];
    }
  }
}
