// Opens a page in Chromium as readers do, and writes what it found as JSON on standard output.
// It judges nothing: conformance/browser.py does.
//
// node browse.mjs CHROMIUM FOLDER OUT VIEW…   the page.html of a folder; prints go to the folder OUT
// node browse.mjs CHROMIUM URL OUT VIEW…      a page of a server on this machine, with the headers that it sends
//
// A view is a window and a colour scheme: narrow-dark.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { chromium } from "playwright-core";
import { PATIENCE } from "./patience.mjs";

const [executablePath, place, out, ...asked] = process.argv.slice(2);
const axeSource = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const CSP = "default-src 'none'; style-src 'self'";
const TYPES = { ".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8" };
const SCHEMES = ["light", "dark"];
// 320 px is what WCAG 1.4.10 (reflow) asks for: a window of 1280 px, zoomed to 400 %.
const WINDOWS = { narrow: [320, 640], phone: [390, 844], desktop: [1280, 900] };
const PAPERS = ["A4", "Letter"];
// All that axe knows: WCAG 2.0 to 2.2, levels A to AAA, and its best practices.
const TAGS = ["wcag2a", "wcag2aa", "wcag2aaa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

async function serve(folder) {
  const served = [];
  const server = createServer(async (request, response) => {
    const name = new URL(request.url, "http://page").pathname;
    served.push(name);
    try {
      const body = await readFile(path.join(folder, path.basename(name)));
      const type = TYPES[path.extname(name)] ?? "application/octet-stream";
      response.writeHead(200, { "content-type": type, "content-security-policy": CSP }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, served, address: `http://127.0.0.1:${server.address().port}/page.html` };
}

// The functions below run inside the page, by the debugger, which its Content-Security-Policy does not govern.

function measure() {
  const name = (element) => `${element.localName}${element.id ? `#${element.id}` : ""}`;
  const { scrollWidth, clientWidth } = document.documentElement;
  const elements = [...document.body.querySelectorAll("*")];
  const links = [...document.querySelectorAll("a[href^='#']")];
  return {
    overflow: scrollWidth - clientWidth,
    outside: elements.filter((e) => e.getBoundingClientRect().right > clientWidth + 1).map(name),
    brokenLinks: links.filter((a) => !document.getElementById(decodeURIComponent(a.hash.slice(1)))).map((a) => a.hash),
    links: links.length,
    background: getComputedStyle(document.body).backgroundColor + getComputedStyle(document.documentElement).backgroundColor,
    stylesheets: document.styleSheets.length,
    scripts: [...document.scripts].filter((script) => script.type !== "application/ld+json").length,
  };
}

function contrastOnWhite() {
  // A canvas turns any way to write a colour into red, green and blue.
  const context = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d");
  const luminance = (color) => {
    context.fillStyle = "#fff";
    context.fillRect(0, 0, 1, 1);
    context.fillStyle = color;
    context.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...context.getImageData(0, 0, 1, 1).data].map((channel) => {
      const share = channel / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const found = {};
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || element.getClientRects().length === 0) continue;
    const color = getComputedStyle(element).color;
    found[`${element.localName} ${color}`] = Math.round((1.05 / (luminance(color) + 0.05)) * 100) / 100;
  }
  return found;
}

function runAxe(tags) {
  return axe.run(document, { runOnly: { type: "tag", values: tags } });
}

const brief = (results) =>
  results.map((result) => ({
    id: result.id,
    help: result.help,
    nodes: result.nodes.map((node) => `${node.target.join(" ")}: ${node.failureSummary ?? node.any[0]?.message ?? ""}`),
  }));

async function open(browser, address, options) {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const [requests, complaints] = [[], []];
  page.on("request", (request) => requests.push(request.url()));
  page.on("requestfailed", (request) => complaints.push(`failed: ${request.url()}`));
  page.on("console", (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(address, { waitUntil: "networkidle" });
  return { context, page, requests, complaints };
}

async function view(browser, address, window, colorScheme) {
  const [width, height] = WINDOWS[window];
  const options = { colorScheme, viewport: { width, height }, isMobile: window === "phone", hasTouch: window === "phone" };
  const { context, page, requests, complaints } = await open(browser, address, options);
  const measured = await page.evaluate(measure);
  await page.evaluate(axeSource);
  const axe = await page.evaluate(runAxe, TAGS);
  await context.close();
  return {
    window,
    scheme: colorScheme,
    ...measured,
    requests: requests.map((url) => url.replace(new URL(address).origin, "")),
    complaints,
    axe: {
      version: axe.testEngine.version,
      violations: brief(axe.violations),
      incomplete: brief(axe.incomplete),
      passes: axe.passes.map((result) => result.id),
    },
  };
}

async function print(browser, address, colorScheme) {
  const { context, page } = await open(browser, address, { colorScheme });
  await page.emulateMedia({ media: "print", colorScheme });
  const contrast = await page.evaluate(contrastOnWhite);
  const files = {};
  for (const format of PAPERS) {
    files[format] = path.join(out, `${format}-${colorScheme}.pdf`);
    await page.pdf({ path: files[format], format, tagged: true, outline: true });
  }
  await context.close();
  return { scheme: colorScheme, contrast, files };
}

const { server, served, address } = place.startsWith("http://") ? { served: [], address: place } : await serve(place);
const browser = await chromium.launch({
  executablePath,
  headless: true,
  timeout: PATIENCE,
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    // Whatever the page may try, nothing but this server can be reached.
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
  ],
});
try {
  const views = [];
  for (const each of asked) {
    const [window, scheme] = each.split("-");
    views.push(await view(browser, address, window, scheme));
  }
  const prints = [];
  for (const scheme of SCHEMES) prints.push(await print(browser, address, scheme));
  console.log(JSON.stringify({ chromium: browser.version(), views, prints, served: [...new Set(served)].sort() }));
} finally {
  await browser.close();
  server?.close();
}
