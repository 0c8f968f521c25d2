// Names that look like others: mixed scripts, and letters that only look Latin (UTS #39); see _lookalikes.py. Only the
// names of characters are missing here: a browser does not know them.
import { quote } from "./names.js";

const SCRIPTS = Object.entries({ Cjk: "Han" }).concat(
  (
    "Latin Cyrillic Greek Armenian Cherokee Lisu Coptic Georgian Hebrew Arabic Hiragana Katakana Bopomofo Hangul " +
    "Devanagari Bengali Tamil Telugu Thai Lao Khmer Myanmar Ethiopic"
  )
    .split(" ")
    .map((name) => [name, name]),
).map(([name, script]) => [name, new RegExp(`\\p{Script=${script}}`, "u")]);
const ALLOWED = [["Cjk", "Hiragana", "Katakana"], ["Cjk", "Bopomofo"], ["Cjk", "Hangul"]]; // beside Latin
const WORD = /[\p{L}\p{Nl}\p{No}][\p{L}\p{Nl}\p{No}\u0300-\u036f\u200c\u200d'’.-]*/gu;

/**
 * Say how a name could be taken for another one, or return null.
 *
 * @param name as it is on a copy.
 * @param letters those that look Latin, each followed by the ASCII letter that it looks like.
 */
export function findLookalikes(name, letters) {
  if (/^[\0-\x7f]*$/.test(name)) return null;
  const twins = new Map([...letters].flatMap((letter, place, all) => (place % 2 ? [] : [[letter, all[place + 1]]])));
  const words = name.match(WORD) ?? [];
  for (const word of words) {
    const remark = describeStyled(word, twins) ?? describeMixture(word, twins);
    if (remark) return remark;
  }
  return describeDisguise(words, twins);
}

/** Name letters that are another letter's shape: full width, mathematical, in circles. */
function describeStyled(word, twins) {
  for (const character of word) {
    const plain = character.normalize("NFKC");
    const isStyled = plain !== character && /^[\0-\x7f]$/.test(plain);
    const twin = isStyled ? plain : scriptOf(character) === "Latin" ? twins.get(character) : undefined;
    if (twin) return `In ${quote(word)}, ${nameCharacter(character)} looks like the letter ${quote(twin)}`;
  }
  return null;
}

function describeMixture(word, twins) {
  const scripts = new Set([...word].map(scriptOf).filter(Boolean));
  const others = [...scripts].filter((script) => script !== "Latin");
  const isUsual = ALLOWED.some((allowed) => others.every((script) => allowed.includes(script)));
  if (scripts.size < 2 || isUsual) return null;
  const rare = [...word].find((character) => twins.has(character) && scriptOf(character) !== "Latin");
  const looks = rare && scripts.has("Latin") ? `; ${nameCharacter(rare)} looks like ${quote(twins.get(rare))}` : "";
  return `${quote(word)} mixes ${[...scripts].sort().join(" and ")} letters${looks}`;
}

/** Name a name without one Latin letter all of whose letters look Latin. */
function describeDisguise(words, twins) {
  const letters = words.flatMap((word) => [...word].filter(scriptOf));
  if (letters.length < 2 || !letters.every((letter) => twins.has(letter))) return null;
  const text = words.join(" ");
  const read = [...text].map((character) => twins.get(character) ?? character).join("");
  return `${quote(text)} looks like ${quote(read)}, but all its letters are ${scriptOf(letters[0])}`;
}

/** Name the script of a letter; empty for what all scripts share. */
function scriptOf(character) {
  if (!/\p{L}/u.test(character) || /\p{Lm}|[ªº]/u.test(character)) return "";
  return SCRIPTS.find(([, pattern]) => pattern.test(character))?.[0] ?? "";
}

function nameCharacter(character) {
  return `${quote(character)} (U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")})`;
}
