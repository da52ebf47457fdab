import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, onTestFinished } from "vitest";
import { findChromium } from "./chromium.ts";

export interface OpenedPage {
  page: Page;
  /**
   * The errors and warnings of the page so far, from its scripts, its content security policy and the files that it
   * loads.
   */
  complaints: string[];
}

let browser: Promise<Browser> | undefined;

/** Starts one browser per test file. Each test opens its own page in it. */
function launchBrowser(): Promise<Browser> {
  browser ??= chromium.launch({ executablePath: findChromium() ?? "chromium", args: ["--no-sandbox"] });
  return browser;
}

afterAll(async () => (await browser)?.close());

/** Opens a URL in a new page, which closes at the end of the test. */
export async function openPage(url: string, options: BrowserContextOptions = {}): Promise<OpenedPage> {
  const context = await (await launchBrowser()).newContext({ viewport: { width: 1280, height: 900 }, ...options });
  onTestFinished(() => context.close());
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning")
      complaints.push(`${message.text()} ${message.location().url}`);
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(url);
  return { page, complaints };
}
