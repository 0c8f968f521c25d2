// Judges files by the scripts of the checking page, as a browser would: node judge.mjs TASK.json
//
// TASK.json: {scripts, published, at, bases, files}; prints [{verdict, reason, copy, took}], one for each file.
import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { openFiles } from "./files.mjs";

globalThis.crypto ??= (await import("node:crypto")).webcrypto;
const task = JSON.parse(await readFile(process.argv[2], "utf8"));
const { verify } = await import(pathToFileURL(`${task.scripts}/verify.js`));
const { default: published } = await import(pathToFileURL(task.published));
const found = [];
for (const bytes of openFiles(task)) {
  const started = performance.now();
  try {
    const verdict = await verify(bytes, published, new Date(task.at));
    found.push({ ...verdict, took: performance.now() - started });
  } catch (error) {
    found.push({ verdict: "failed", reason: error.stack, found: null, copy: null, took: 0 });
  }
}
console.log(JSON.stringify(found));
