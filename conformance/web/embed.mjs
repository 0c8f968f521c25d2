// node embed.mjs CHROMIUM PAGE…: what the style sheet of the fragments does inside of them, and to the rest of each page.
import { chromium } from "playwright-core";
import { PATIENCE } from "./patience.mjs";

const [program, ...pages] = process.argv.slice(2);
// The size of the page follows from what it holds, so these tell nothing about a rule.
const MEASURES = /^(height|block-size|width|inline-size|perspective-origin|transform-origin)$/;

const readOutside = (pattern) =>
  [...document.querySelectorAll("html, body, .host, .host *")].map((element) => {
    const style = getComputedStyle(element);
    return [...style].filter((name) => !new RegExp(pattern).test(name)).map((name) => `${name}: ${style[name]}`);
  });
const readInside = () => {
  const style = (selector, name) => getComputedStyle(document.querySelector(selector))[name];
  return {
    title: parseFloat(style(".privacy-policy > h2", "fontSize")),
    section: parseFloat(style(".privacy-policy > section > h3", "fontSize")),
    part: parseFloat(style(".privacy-policy > section > h4", "fontSize")),
    text: parseFloat(style(".privacy-policy > section > p", "fontSize")),
    weight: style(".privacy-policy > section > h3", "fontWeight"),
    bullets: style(".privacy-policy section ul", "listStyleType"),
    numbers: style(".privacy-policy nav ol", "listStyleType"),
    indent: parseFloat(style(".privacy-policy section ul", "paddingLeft")),
    space: parseFloat(style(".privacy-policy > section > p", "marginBottom")),
    link: style(".privacy-policy nav a", "textDecorationLine"),
    removed: style(".privacy-redline del", "textDecorationLine"),
    added: style(".privacy-redline ins", "textDecorationLine"),
    ids: [...document.querySelectorAll("[id]")].map((element) => element.id),
    overflow: document.documentElement.scrollWidth - innerWidth,
  };
};

const browser = await chromium.launch({ executablePath: program, args: ["--no-sandbox"], timeout: PATIENCE });
const found = {};
for (const page of pages) {
  const window = await browser.newPage({ viewport: { width: 320, height: 800 } });
  window.setDefaultTimeout(PATIENCE);
  await window.goto(`file://${page}`);
  const styled = JSON.stringify(await window.evaluate(readOutside, MEASURES.source));
  const inside = await window.evaluate(readInside);
  await window.evaluate(() => {
    document.querySelector("link").disabled = true;
  });
  const plain = JSON.stringify(await window.evaluate(readOutside, MEASURES.source));
  found[page] = { ...inside, touched: styled !== plain };
}
await browser.close();
console.log(JSON.stringify(found));
