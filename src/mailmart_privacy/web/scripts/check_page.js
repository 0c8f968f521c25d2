// The page that tells whether a copy is real: a file is chosen or dropped, and read on the visitor's device.
//
// Nothing is sent: the page's Content-Security-Policy lets scripts reach nothing. Only the button that says so sends
// the file, with the form, as without scripts.
import { findLookalikes } from "./lookalikes.js";
import published from "./published.js";
import { verify } from "./verify.js";

const MONTHS = "January February March April May June July August September October November December".split(" ");
// Verdicts of which the server may know more.
const OPEN = ["not judged", "compromised key", "formerly used key", "unknown signer", "newer version"];
const [input, section, form] = ["file", "found", "check"].map((id) => document.getElementById(id));

/** Write a day in UTC: "February 24, 2026". */
function formatDay(moment) {
  return `${MONTHS[moment.getUTCMonth()]} ${moment.getUTCDate()}, ${moment.getUTCFullYear()}`;
}

/** Write a moment in UTC: "February 24, 2026" at midnight, else "February 24, 2026, 09:00 UTC". */
function formatMoment(moment) {
  const day = formatDay(moment);
  const [, minutes, seconds] = /T(\d\d:\d\d):(\d\d)/.exec(moment.toISOString());
  if (minutes === "00:00" && seconds === "00") return day;
  return `${day}, ${minutes}${seconds === "00" ? "" : `:${seconds}`} UTC`;
}

function findWords(verdict, reason) {
  const words = published.words[`${verdict}/${reason}`] ?? published.words[verdict];
  const date = ["formerly used key", "compromised key"].includes(verdict) ? formatDay(new Date(reason)) : "";
  return words.map((text) => text.replace("{date}", date));
}

/** Say where a version stands, and where to read what changed after it. */
function describeStatus(version, now) {
  const [from, until] = [version.effective_at, version.effective_until].map((text) => text && new Date(text));
  if (version.withdrawn_at) return [`withdrawn on ${formatMoment(new Date(version.withdrawn_at))}, before it took effect`, null];
  if (from > now) return [`takes effect on ${formatMoment(from)}`, null];
  if (!until || until > now) return [`in force today, since ${formatMoment(from)}`, null];
  return [`superseded on ${formatMoment(until)}`, version.changes];
}

function describeTime({ stampedAt, renewedAt }) {
  if (!stampedAt) return "The signer says so; no timestamp confirms it.";
  const last = renewedAt ? ` It was last stamped on ${formatMoment(renewedAt)}, to keep it checkable.` : "";
  return `A timestamp in it says that it existed on ${formatMoment(stampedAt)}.${last} Who made the timestamp is not checked here.`;
}

/** Put what was read from a copy into the list of facts. */
function fillFacts(facts, copy, now) {
  const version = published.versions.find((each) => each.version === copy.version);
  const [status, changes] = describeStatus(version, now);
  const values = {
    recipient: copy.recipient,
    reference: copy.reference,
    issued: formatMoment(copy.issuedAt),
    time: describeTime(copy),
    signer: copy.signer.name,
    certificate: copy.signer.sha256,
    version: formatMoment(new Date(version.last_updated)),
    status,
    remarks: findLookalikes(copy.recipient, published.lookalikes),
  };
  for (const [name, value] of Object.entries(values)) {
    const place = facts.querySelector(`[data-fact=${name}]`);
    place.textContent = value ?? "";
    place.closest("div").hidden = value === null;
  }
  facts.querySelector("[data-fact=version]").href = version.page;
  const link = facts.querySelector("[data-fact=changes]");
  link.closest("span").hidden = changes === null;
  if (changes !== null) link.href = changes;
}

/** Show a verdict. */
function show(name, { verdict, reason, found, copy }) {
  const now = new Date();
  const version = copy && published.versions.find((each) => each.version === copy.version);
  const isWithdrawn = verdict === "genuine" && version.withdrawn_at !== null;
  const [headline, advice] = findWords(isWithdrawn ? "withdrawn" : verdict, reason);
  const kind = published.kinds[isWithdrawn ? "withdrawn" : verdict] ?? "wrong";
  section.className = `verdict ${kind}`;
  section.querySelector("h2").textContent = `${published.marks[kind]} ${headline}`;
  section.querySelector(".file").textContent = `The file: ${name}`;
  section.querySelector(".advice").textContent = isWithdrawn
    ? `It was withdrawn on ${formatMoment(new Date(version.withdrawn_at))}. ${version.withdrawal_reason}`
    : advice;
  const detail = section.querySelector(".reason");
  detail.hidden = kind !== "wrong" || Boolean(copy) || !found;
  detail.textContent = `What was found: ${found}.`;
  const facts = section.querySelector(".found");
  facts.hidden = !copy;
  if (copy) fillFacts(facts, copy, now);
  const send = section.querySelector(".send");
  if (send) send.hidden = !OPEN.includes(verdict);
  section.hidden = false;
  for (const earlier of document.querySelectorAll(".verdict")) if (earlier !== section) earlier.remove();
  section.focus();
}

async function check(file) {
  if (!file) return;
  section.setAttribute("aria-busy", "true");
  try {
    show(file.name, await verify(new Uint8Array(await file.arrayBuffer()), published, new Date()));
  } catch (error) {
    console.warn(error);
    show(file.name, { verdict: "not judged", reason: "browser", found: null, copy: null });
  }
  section.removeAttribute("aria-busy");
}

function drop(event) {
  event.preventDefault();
  document.body.classList.remove("dropping");
  const [file] = event.dataTransfer.files;
  if (!file) return;
  input.files = event.dataTransfer.files; // so that the form has it, if it is to be sent
  check(file);
}

for (const element of document.querySelectorAll(".with-script")) element.hidden = false;
for (const element of document.querySelectorAll(".without-script")) element.hidden = true;
input.addEventListener("change", () => check(input.files[0]));
form.addEventListener("submit", (event) => {
  if (!event.submitter?.closest(".send")) event.preventDefault();
});
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("dropping");
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) document.body.classList.remove("dropping");
});
document.addEventListener("drop", drop);
check(input.files[0]); // a browser that goes back remembers the choice
