import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, onTestFinished } from "vitest";
import { findChromium } from "./chromium.ts";

export interface OpenedPage {
  page: Page;
  /** What the page complained of so far: errors of its scripts, of its policy, of what it loads. */
  complaints: string[];
}

let browser: Promise<Browser> | undefined;

/** One browser for a test file; each test has a page of its own. */
function launchBrowser(): Promise<Browser> {
  browser ??= chromium.launch({ executablePath: findChromium() ?? "chromium", args: ["--no-sandbox"] });
  return browser;
}

afterAll(async () => (await browser)?.close());

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
