// Which key means what, and which classes a few letters mean. No page in here: it can be read, and tested, alone.

const DIGITS = "1234567890";
const LETTERS = "abcdefghij";
const MOST_SHOWN = 200;

// Keys that never stand for a class, and letters that do the same where no class needs them.
export const COMMANDS = {
  skip: { key: "ArrowRight", shown: "→", letter: "s" },
  undo: { key: "Backspace", shown: "⌫", letter: "u" },
  none: { key: "-", shown: "−", letter: "x" },
  measure: { key: null, shown: "", letter: "m" },
  teach: { key: null, shown: "", letter: "t" },
  help: { key: "?", shown: "?", letter: "?" },
};

/** A key for each class: its own name where all are single characters, else digits and letters; null for too many. */
export function keysFor(classes) {
  const names = classes.map((name) => name.toLowerCase());
  if (names.every((name) => /^[0-9a-z]$/.test(name)) && new Set(names).size === names.length) return names;
  return classes.length <= DIGITS.length + LETTERS.length ? [...DIGITS + LETTERS].slice(0, classes.length) : null;
}

/** The command of a key, or null; while a person types, letters are text. */
export function commandOf(key, keys, typing) {
  for (const [name, command] of Object.entries(COMMANDS)) {
    if (key === command.key) return name;
    if (!typing && key.toLowerCase() === command.letter && !keys?.includes(command.letter)) return name;
  }
  return null;
}

/** How a command's key is written. */
export function shownKey(name, keys, typing) {
  const command = COMMANDS[name];
  return typing || keys?.includes(command.letter) ? command.shown : command.letter.toUpperCase();
}

/** The classes that typed letters may mean, best first: names that begin so, then words that do, then the rest. */
export function matching(classes, typed) {
  const wanted = plain(typed);
  if (!wanted) return classes.slice(0, MOST_SHOWN);
  const ranked = classes.map((name) => [rank(plain(name), wanted), name]).filter(([found]) => found < 4);
  return ranked.sort((one, other) => one[0] - other[0]).slice(0, MOST_SHOWN).map(([, name]) => name);
}

function rank(name, wanted) {
  if (name.startsWith(wanted)) return 0;
  const words = name.split(" ");
  if (words.some((word, place) => words.slice(place).join(" ").startsWith(wanted))) return 1;
  if (wanted.split(" ").every((part) => words.some((word) => word.startsWith(part)))) return 2;
  return name.includes(wanted) ? 3 : 4;
}

function plain(text) {
  const bare = text.normalize("NFKD").replace(/\p{Mark}/gu, "").toLowerCase();
  return bare.replace(/[\s_\-]+/g, " ").trim();
}
