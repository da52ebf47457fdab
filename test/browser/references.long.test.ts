import { openPage } from "@tidemark/test-support/browser/browser-page";
import { expect, test } from "vitest";
import { openTidemark } from "./tidemark.ts";

test.each([
  ["/docs/", ".opblock-summary-path"],
  ["/redoc/", "text=Download OpenAPI description"],
])("the page %s shows the contract without any request to another service", async (path, sign) => {
  const { url } = await openTidemark();
  const { page, complaints } = await openPage("about:blank");
  const requested: string[] = [];
  page.on("request", (request) => requested.push(request.url()));

  await page.goto(`${url}${path}`);
  await page.locator(sign).first().waitFor();
  await page.waitForLoadState("networkidle");

  const elsewhere = requested.filter((address) => !address.startsWith(url) && !address.startsWith("data:"));
  expect(elsewhere).toEqual([]);
  expect(complaints).toEqual([]);
});
