// Names that strangers wrote, prepared for being shown; see show_name in _unicode.py.

const LONGEST = 256; // characters
const REFUSED = /[\p{Cc}\p{Cf}\p{Cn}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/u;
const JOINERS = "\u200c\u200d";
// Canonical combining class 9 (Unicode 16), which no regular expression can ask for.
const VIRAMA = new RegExp(
  "[" +
    "\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d3b\u0d3c\u0d4d\u0dca\u0e3a\u0eba\u0f84\u1039" +
    "\u103a\u1714\u1715\u1734\u17d2\u1a60\u1b44\u1baa\u1bab\u1bf2\u1bf3\u2d7f\ua806\ua82c\ua8c4\ua953" +
    "\ua9c0\uaaf6\uabed\u{10a3f}\u{11046}\u{11070}\u{1107f}\u{110b9}\u{11133}\u{11134}\u{111c0}\u{11235}" +
    "\u{112ea}\u{1134d}\u{113ce}\u{113cf}\u{113d0}\u{11442}\u{114c2}\u{115bf}\u{1163f}\u{116b6}\u{1172b}" +
    "\u{11839}\u{1193d}\u{1193e}\u{119e0}\u{11a34}\u{11a47}\u{11a99}\u{11c3f}\u{11d44}\u{11d45}\u{11d97}" +
    "\u{11f41}\u{11f42}\u{1612f}" +
    "]",
  "u",
);
const CURSIVE = /[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Mandaic}\p{Script=Mongolian}\p{Script=Nko}\p{Script=Adlam}]/u;
const SIGN = /[\p{So}\p{Sk}]/u;

/**
 * Spell out the characters of a name that nobody sees, or that change how the rest is shown, and cut what is too long.
 *
 * @param text the name, or null.
 * @returns the name in one line; empty for null.
 */
export function showName(text) {
  const characters = [...(text ?? "")];
  const cut = characters.slice(0, LONGEST);
  const written = cut.map((character, place) => {
    const isAllowed = JOINERS.includes(character) ? joins(cut, place) : !REFUSED.test(character);
    return isAllowed ? character : spellOut(character);
  });
  const shown = [...written.join("")].slice(0, LONGEST + 44).join("");
  return characters.length <= LONGEST ? shown : `${shown}… (${characters.length.toLocaleString("en-US")} characters)`;
}

/** Tell whether a joiner is where it belongs: after a virama, between letters that join, between signs of an emoji. */
function joins(characters, place) {
  let before = place - 1;
  while (characters[before] === "\ufe0f") before--;
  const around = [characters[before], characters[place + 1]];
  if (around.includes(undefined)) return false;
  if (VIRAMA.test(around[0])) return true;
  return around.every((each) => (characters[place] === JOINERS[0] ? CURSIVE : SIGN).test(each));
}

/** Write a character as Python does, for instance "\u202e". */
function spellOut(character) {
  const known = { "\t": "\\t", "\n": "\\n", "\r": "\\r" }[character];
  const code = character.codePointAt(0);
  const [letter, digits] = code < 0x100 ? ["x", 2] : code < 0x10000 ? ["u", 4] : ["U", 8];
  return known ?? `\\${letter}${code.toString(16).padStart(digits, "0")}`;
}

/** Put a name in quotation marks, as messages do. */
export function quote(name) {
  const mark = name.includes("'") && !name.includes('"') ? '"' : "'";
  return mark + name.replaceAll("\\", "\\\\").replaceAll(mark, `\\${mark}`) + mark;
}
