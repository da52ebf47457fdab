import { readFile } from "node:fs/promises";

/** Returns a function that reads a statement from its .sql file, once. */
export function statementFile(url: URL): () => Promise<string> {
  let text: Promise<string> | undefined;
  return () => {
    text ??= readFile(url, "utf8");
    return text;
  };
}
