// The page's pieces: elements by their name, and how something is said, shown and asked.

import { COMMANDS, shownKey } from "./choices.js";

export const UNKNOWN = "unknown";

export const part = (id) => document.getElementById(id);
export const say = (sentence) => { part("status").textContent = sentence; };
export const alertAbout = (sentence) => { part("alert").textContent = sentence; };
export const spoken = (label) => (label === UNKNOWN ? "none of these" : label);
export const percent = (share) => `${Math.round(100 * share)} %`;

/** Sentences as one, with the number of those beyond the third. */
export const summed = (news) => news.slice(0, 3).join(" ") + (news.length > 3 ? ` And ${news.length - 3} more.` : "");

/** An element with a text: never with markup, since names come from files. */
export function element(tag, content, name = "") {
  return Object.assign(document.createElement(tag), { className: name, textContent: content });
}

export function button(name, work) {
  const made = Object.assign(element("button", "", name), { type: "button" });
  made.addEventListener("click", work);
  return made;
}

/** The server's answer to a question; with a body it is told something. */
export async function ask(path, body) {
  const headers = { "Content-Type": "application/json" };
  let answer;
  try {
    answer = await fetch(path, body && { method: "POST", headers, body: JSON.stringify(body) });
  } catch {
    throw new Error("The session has ended in the terminal; all labels up to the last “Saved” are kept.");
  }
  const content = await answer.json();
  if (!answer.ok) throw new Error(content.error);
  return content;
}

/** Write which keys there are; `keys` of the classes, or null where a person types. */
export function writeHelp(keys) {
  const typing = keys === null;
  const both = (name) => {
    const one = shownKey(name, keys, typing);
    return one === COMMANDS[name].shown ? one : `${one} or ${COMMANDS[name].shown}`;
  };
  const rows = typing
    ? [["letters", "find a class; arrows choose, Enter takes it"]]
    : [[`${keys[0]} … ${keys.at(-1)}`.toUpperCase(), "the class with that key"]];
  rows.push(["Enter", "teach: the model’s guess is right"]);
  if (typing) rows.push(["2, 3", "teach: its second or third guess is (unless a class begins so)"]);
  rows.push([both("none"), "none of these classes"]);
  rows.push([both("skip"), "skip: it comes again at the end"]);
  rows.push([both("undo"), "undo the latest label of this queue"]);
  if (shownKey("measure", keys, typing)) rows.push(["M, T", "turn to the queue measure or teach"]);
  rows.push(["?", "this help"]);
  const cells = rows.map(([key, what]) => {
    const term = element("dt", "");
    term.append(element("kbd", key));
    return [term, element("dd", what)];
  });
  part("help-keys").replaceChildren(...cells.flat());
}
