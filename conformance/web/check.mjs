// Opens the page that checks copies in a browser, chooses files as people do, and lets its scripts judge many more.
// Writes what it found as JSON on standard output. It judges nothing: conformance/test_checking.py does.
//
// node check.mjs NAME EXECUTABLE ADDRESS TASK.json
//
// NAME is "chromium" or "firefox"; TASK.json: {at, views: [[window, scheme]], chosen: [path], bases: [Base64],
// files: […]}; see tests/browser.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import playwright from "playwright-core";
import { PATIENCE } from "./patience.mjs";

const [name, executablePath, address, task] = process.argv.slice(2);
const axeSource = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const { at, chosen, bases, files, views: asked } = JSON.parse(await readFile(task, "utf8"));
const AT_ONCE = 250; // files that are handed over together
const TAGS = ["wcag2a", "wcag2aa", "wcag2aaa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const WINDOWS = { narrow: { width: 320, height: 640 }, desktop: { width: 1280, height: 900 } };
const LAUNCH = {
  chromium: { args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--no-proxy-server"] },
  firefox: { channel: "moz-firefox" }, // Debian's own, by WebDriver BiDi
};

// The functions below run inside the page, by the debugger, which its Content-Security-Policy does not govern.

async function openBases(texts) {
  const decode = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  window.bases = texts.map(decode);
  const here = (script) => document.querySelector(`link[href$="/${script}.js"], script[src$="/${script}.js"]`);
  const place = (here("verify").href ?? "").replace(/verify\.js$/, "");
  window.verify = (await import(`${place}verify.js`)).verify;
  window.published = (await import(`${place}published.js`)).default;
}

async function judge([described, moment]) {
  const decode = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const found = [];
  for (const { base, head, middle, tail } of described) {
    const [source, between] = [window.bases[base], decode(middle)];
    const bytes = new Uint8Array(head + between.length + tail);
    bytes.set(source.subarray(0, head));
    bytes.set(between, head);
    bytes.set(source.subarray(source.length - tail), head + between.length);
    try {
      const { verdict, reason } = await window.verify(bytes, window.published, new Date(moment));
      found.push([verdict, reason]);
    } catch (error) {
      found.push(["failed", `${error.message} ${error.stack}`]);
    }
  }
  return found;
}

function read() {
  const section = document.getElementById("found");
  const seen = (element) => element && element.getClientRects().length > 0;
  const facts = [...section.querySelectorAll("dl > div")].filter((row) => seen(row.querySelector("dd"))).map((row) => row.textContent.trim().replace(/\s+/g, " "));
  return {
    headline: section.querySelector("h2").textContent,
    advice: section.querySelector(".advice").textContent,
    facts,
    escaped: [...document.querySelectorAll("[hidden]")].filter(seen).length,
    canSend: Boolean(seen(section.querySelector(".send button"))),
    focused: document.activeElement === section,
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  };
}

function dropFile() {
  const transfer = new DataTransfer();
  transfer.items.add(new File(["not a PDF"], "dropped.txt"));
  document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
}

const shows = (file) => {
  const section = document.getElementById("found");
  return !section.hidden && !section.hasAttribute("aria-busy") && section.querySelector(".file").textContent.endsWith(file);
};

const brief = (results) => results.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(" ")).join(", ")}`);

async function visit(browser, window, colorScheme) {
  const context = await browser.newContext({ viewport: WINDOWS[window], colorScheme });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const [requests, complaints] = [[], []];
  page.on("request", (request) => requests.push(request.url()));
  page.on("console", (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(address, { waitUntil: "networkidle" });
  await page.waitForFunction(() => !document.querySelector(".with-script").hidden);
  const loaded = requests.length;
  const shown = [];
  for (const file of chosen) {
    await page.setInputFiles("#file", file);
    await page.waitForFunction(shows, path.basename(file));
    const found = { name: path.basename(file), ...(await page.evaluate(read)) };
    await page.evaluate(axeSource);
    const axe = await page.evaluate((tags) => globalThis.axe.run(document, { runOnly: { type: "tag", values: tags } }), TAGS);
    shown.push({ ...found, violations: brief(axe.violations), incomplete: brief(axe.incomplete), passes: axe.passes.length });
  }
  await page.evaluate(dropFile);
  await page.waitForFunction(shows, "dropped.txt");
  const dropped = await page.evaluate(read);
  const sent = requests.slice(loaded);
  return { context, page, requests, view: { window, scheme: colorScheme, loaded: requests.slice(0, loaded), sent, complaints, shown, dropped } };
}

const browser = await playwright[name].launch({ executablePath, headless: true, timeout: PATIENCE, ...LAUNCH[name] });
try {
  const views = [];
  for (const [window, scheme] of asked) {
    const { context, view } = await visit(browser, window, scheme);
    await context.close();
    views.push(view);
  }
  const context = await browser.newContext();
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  await page.goto(address, { waitUntil: "networkidle" });
  const requests = [];
  page.on("request", (request) => requests.push(request.url()));
  await page.evaluate(openBases, bases);
  const judged = [];
  const started = performance.now();
  for (let place = 0; place < files.length; place += AT_ONCE) {
    judged.push(...(await page.evaluate(judge, [files.slice(place, place + AT_ONCE), at])));
  }
  console.log(JSON.stringify({ version: browser.version(), views, judged, took: performance.now() - started, requests }));
} finally {
  await browser.close();
}
