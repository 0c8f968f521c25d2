// Signs in at a desk in Chromium, by an identity provider's own pages, and writes what it saw as JSON on standard
// output. It judges nothing: conformance/test_desk_sign_in.py does.
//
// node sign_in.mjs CHROMIUM ORIGIN ADMIT AGE   two commands, as JSON: ADMIT is run once somebody has signed in without a
// role, AGE when the time since they proved it is to be over
import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";
import { PATIENCE } from "./patience.mjs";

const [executablePath, origin, ...commands] = process.argv.slice(2);
const [admit, age] = commands.map((each) => JSON.parse(each));
const axeSource = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const seen = [];

async function look(page) {
  await page.evaluate(axeSource);
  const found = await page.evaluate(() => globalThis.axe.run());
  seen.push({
    heading: await page.textContent("h1"),
    path: new URL(page.url()).pathname,
    violations: found.violations.map((each) => each.id),
    complaints: complaints.splice(0),
  });
}

function run([program, ...options]) {
  execFileSync(program, options, { stdio: ["ignore", "ignore", "inherit"] });
}

async function press(page, selector) {
  await Promise.all([page.waitForEvent("load"), page.click(selector)]);
}

// The pages of the provider: a name and a password, and once per client whether the desk may know who it is.
async function signIn(page, name) {
  await page.fill("input[name=login]", name);
  await page.fill("input[name=password]", "any");
  await press(page, "button[type=submit]");
  if (!page.url().startsWith(origin)) await press(page, "button[type=submit]");
}

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"], timeout: PATIENCE });
const context = await browser.newContext();
context.setDefaultTimeout(PATIENCE);
const page = await context.newPage();
const complaints = [];
const complain = (words) => page.url().startsWith(origin) && complaints.push(words); // not of the provider's own pages
page.on("console", (message) => message.type() === "error" && complain(message.text()));
page.on("pageerror", (error) => complain(String(error)));

await page.goto(`${origin}/people`);
await look(page);
await press(page, "a.button");
await signIn(page, "ada");
await look(page); // no role yet
run(admit);
await page.goto(`${origin}/people`);
await look(page);
const before = (await context.cookies(origin)).filter((each) => each.name.startsWith("desk-"));
run(age);
await page.goto(`${origin}/people`);
await look(page); // who they are is asked again
await press(page, "a.button");
await signIn(page, "ada");
await look(page);
const after = (await context.cookies(origin)).filter((each) => each.name.startsWith("desk-"));
await press(page, ".side form.who button");
await page.goto(`${origin}/people`);
await look(page);
await browser.close();
console.log(JSON.stringify({ seen, before, after }));
