// Uses a desk in Chromium as people do, and writes what it found as JSON on standard output. It judges nothing:
// conformance/test_desk.py does.
//
// node desk.mjs CHROMIUM ADDRESS WORKBOOK   the address signs in, once
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";
import { PATIENCE } from "./patience.mjs";

const [executablePath, address, workbook] = process.argv.slice(2);
const axeSource = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const VIEWS = [
  { name: "desktop", viewport: { width: 1280, height: 900 }, colorScheme: "light" },
  { name: "wide-dark", viewport: { width: 1440, height: 900 }, colorScheme: "dark" },
  { name: "narrow", viewport: { width: 320, height: 640 }, colorScheme: "light" },
  { name: "narrow-dark", viewport: { width: 320, height: 640 }, colorScheme: "dark" },
  { name: "forced", viewport: { width: 1280, height: 900 }, forcedColors: "active" },
].filter(({ name }) => !process.env.QUICK || ["desktop", "narrow-dark"].includes(name));
const origin = new URL(address).origin;
// How long to wait for a page: other validators may keep the machine busy. `make bench` says how much work pages are.

// Presses a button, and waits for the page that comes of it: not for one that only says that work goes on.
async function press(page, selector) {
  await Promise.all([page.waitForEvent("load"), page.click(selector)]);
  await page.waitForSelector("main:not(:has(#reading))", { state: "attached" });
}

// Counts what a person does: pages that they see, and things that they type, choose or press.
class Hand {
  constructor(page) {
    this.page = page;
    this.pages = 0;
    this.typed = 0;
    this.decided = 0;
    this.pressed = 0;
  }
  async type(selector, text) {
    await this.page.fill(selector, text);
    this.typed++;
  }
  async decide(selector) {
    await this.page.check(selector);
    this.decided++;
  }
  async press(selector) {
    await press(this.page, selector);
    this.pressed++;
    this.pages++;
  }
  async download(selector) {
    const [download] = await Promise.all([this.page.waitForEvent("download"), this.page.click(selector)]);
    return download.suggestedFilename();
  }
  count() {
    return { pages: this.pages, typed: this.typed, decided: this.decided, pressed: this.pressed };
  }
}

async function patient(opened) {
  const context = await opened;
  context.setDefaultTimeout(PATIENCE);
  return context;
}

async function issueOne(context) {
  const page = await context.newPage();
  await page.goto(origin + "/");
  const required = await page.locator("main [required]").count();
  const hand = new Hand(page);
  // Without a space, so that pages show what they do with a name that is wider than a phone.
  await hand.type("#customer", "Norddonaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamte");
  await hand.press("text=Issue the copy");
  const file = await hand.download("text=Download the PDF");
  const found = { ...hand.count(), required, file, place: new URL(page.url()).pathname };
  await page.close();
  return found;
}

async function issueMany(context) {
  const page = await context.newPage();
  const hand = new Hand(page);
  await page.goto(origin + "/many");
  hand.pages++;
  await page.setInputFiles("#file", workbook);
  hand.decided++;
  await hand.press("text=Look at it");
  const place = new URL(page.url()).pathname.replace("/sheet", "");
  await hand.decide("text=Leave them out");
  await hand.press("text=Check for problems");
  if (await page.locator("input[name=existing]").count()) await hand.decide("text=Leave them out");
  hand.decided++; // to go on without the rows that have a problem
  await hand.press("main form button");
  const done = hand.count();
  await page.waitForSelector("text=copies are ready");
  const file = await hand.download("text=Download all (ZIP)");
  const heading = await page.textContent("h1");
  await page.close();
  return { ...done, file, heading, place };
}

async function withoutScript(browser, state) {
  const context = await patient(browser.newContext({ javaScriptEnabled: false, storageState: state }));
  const page = await context.newPage();
  await page.goto(origin + "/");
  await page.fill("#customer", "Ohne Skript GmbH");
  await Promise.all([page.waitForEvent("load"), page.click("text=Issue the copy")]);
  const heading = await page.textContent("h1");
  await context.close();
  return heading;
}

function measure() {
  return {
    icon: document.querySelector("link[rel=icon]").href,
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    inline: document.querySelectorAll("[style], style, script:not([src])").length,
    unnamed: [...document.querySelectorAll("input:not([type=hidden]), select")].filter((e) => !e.labels.length && !e.ariaLabel).length,
  };
}

// One page in each view goes from path to path: a new one for each path would start a process, and compile axe again.
async function openView({ name, ...options }) {
  const context = await patient(browser.newContext(options));
  const page = await context.newPage();
  const view = { name, context, page, complaints: [], loads: new Map() };
  const protocol = await context.newCDPSession(page);
  await protocol.send("Network.setCacheDisabled", { cacheDisabled: true }); // each page is measured cold
  page.on("console", (message) => view.complaints.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => view.complaints.push(String(error)));
  page.on("requestfailed", (request) => view.complaints.push(`failed: ${request.url()}`));
  page.on("response", (response) => view.loads.set(response.url(), response.body().then((body) => body.length, () => 0)));
  return view;
}

// What a page loads, in bytes. Chromium keeps fonts, whose addresses change with their content, and may fetch the icon
// later than all else; both count for each page.
const weights = new Map();
async function weigh(loads, icon) {
  for (const [url, size] of loads) weights.set(url, Math.max(await size, weights.get(url) ?? 0));
  return [...new Set([...loads.keys(), icon])].map((url) => weights.get(url) ?? 0);
}

async function look(view, path) {
  const { page } = view;
  [view.complaints, view.loads] = [[], new Map()];
  await page.goto(origin + path);
  await page.evaluate(() => (document.body.offsetHeight, document.fonts.ready.then(() => true))); // fonts come last
  const { icon, ...measured } = await page.evaluate(measure);
  const sizes = await weigh(view.loads, icon);
  await page.evaluate(axeSource);
  const axe = await page.evaluate((tags) => window.axe.run(document, { runOnly: { type: "tag", values: tags } }), TAGS);
  return {
    view: view.name,
    requests: sizes.length,
    bytes: sizes.reduce((sum, size) => sum + size, 0),
    complaints: view.complaints,
    ...measured,
    violations: axe.violations.map((each) => `${each.id}: ${each.nodes.map((node) => node.target.join(" ")).join(", ")}`),
  };
}

// Looks at pages in all views at once; each view goes on as soon as it can.
async function lookAtAll(views, paths) {
  const seen = await Promise.all(
    views.map(async (view) => {
      const found = [];
      for (const path of paths) found.push(await look(view, path));
      return found;
    }),
  );
  return paths.map((path, index) => ({ path, views: seen.map((each) => each[index]) }));
}

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"], timeout: PATIENCE });
const context = await patient(browser.newContext({ acceptDownloads: true }));
const first = await context.newPage();
const views = await Promise.all(VIEWS.map(openView));
const [signIn] = await lookAtAll(views, ["/"]);
await first.goto(address);
const address_left = first.url();
const state = await context.storageState();
for (const view of views) await view.context.addCookies(state.cookies);
const one = await issueOne(context);
await first.goto(origin + one.place);
const customer = new URL(await first.getAttribute("a[href^='/customers/']", "href"), origin).pathname;
const paths = [
  ...["/", "/many", "/customers", "/customers?q=nord", "/customers?q=xyz"],
  ...[customer, `${customer}/hold`, `${customer}/erase`, one.place, `${one.place}?ready`, `${one.place}/withdraw`],
  ...[`${one.place}/evidence`, "/check", "/in-force", "/in-force?day=2026-03-31", "/report", "/activity", "/due", "/versions"],
  ...["/people", "/tokens", "/keys", "/nothing-here"],
];

// Uploads the workbook again, up to its problems: the path of its sheets.
async function prepareMany() {
  await first.goto(`${origin}/many`);
  await first.setInputFiles("#file", workbook);
  await press(first, "text=Look at it");
  const sheet = new URL(first.url()).pathname;
  await first.check("text=Leave them out");
  await press(first, "text=Check for problems");
  return sheet;
}

// Most of a batch is waiting; meanwhile the pages are read.
const [pages, { many, sheet, scriptless }] = await Promise.all([
  lookAtAll(views, paths),
  (async () => ({
    many: await issueMany(context),
    scriptless: await withoutScript(browser, state),
    sheet: await prepareMany(),
  }))(),
]);
pages.push(...(await lookAtAll(views, [many.place, sheet, sheet.replace("/sheet", "/problems")])));
await browser.close();
console.log(JSON.stringify({ address_left, one, many, scriptless, pages: [{ ...signIn, path: "signed out" }, ...pages] }));
