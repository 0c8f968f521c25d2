// Calls functions of the checking page's scripts: node compare.mjs TASK.json
//
// TASK.json: {scripts, notes, calls: [[name, argument, …]]}; prints what each returns, or null where it throws.
// Bytes are hex, moments are milliseconds.
import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";

globalThis.crypto ??= (await import("node:crypto")).webcrypto;
const task = JSON.parse(await readFile(process.argv[2], "utf8"));
const load = (name) => import(pathToFileURL(`${task.scripts}/${name}.js`));
const [bytes, der, layout, lookalikes, names] = await Promise.all(["bytes", "der", "layout", "lookalikes", "names"].map(load));
const font = new layout.FieldFont(task.notes);
const { fromHex, toHex } = bytes;

const functions = {
  writeNumber: layout.writeNumber,
  writeString: layout.writeString,
  formatMoment: (time) => layout.formatMoment(new Date(time)),
  requireClean: (value) => layout.requireClean(value) ?? true,
  showField: (name, value) => layout.showField(task.notes, font, name, value),
  showPublisher: (signatory) => layout.showPublisher(task.notes, font, signatory),
  showDelivery: (signatory, time) => layout.showDelivery(task.notes, font, signatory, new Date(time)),
  showName: names.showName,
  findLookalikes: lookalikes.findLookalikes,
  readMoment: (digits) => der.readMoment(digits).getTime(),
  encodeInteger: (number) => toHex(der.encodeInteger(number)),
  encodeOid: (dotted) => toHex(der.encodeOid(dotted)),
  encode: (content) => toHex(der.encode(4, fromHex(content))),
  integer: (content) => toHex(readWhole(content, (reader) => reader.integer())),
  oid: (content) => readWhole(content, (reader) => reader.oid()),
  moment: (content) => readWhole(content, (reader) => reader.moment()).getTime(),
  octets: (content) => toHex(readWhole(content, (reader) => reader.read(4))),
};

function readWhole(content, read) {
  const reader = new der.Reader(fromHex(content));
  const found = read(reader);
  reader.end();
  return found;
}

const found = task.calls.map(([name, ...given]) => {
  try {
    return functions[name](...given);
  } catch {
    return null;
  }
});
console.log(JSON.stringify(found));
