// The labelling page: one photograph, one question, one key. All text from outside is set as text, never as markup.

import { COMMANDS, commandOf, keysFor, matching, shownKey } from "./choices.js";

const UNKNOWN = "unknown";
const POLL = 700;
const WHY = {
  measure: "Drawn at random. The model’s answer is hidden, so that it cannot sway you.",
  teach: "The model is unsure of this one. Confirm its guess, or correct it.",
};

const part = (id) => document.getElementById(id);
const photo = part("photo");
let state = null;
let queue = "measure";
let keys = null;
let typing = false;
let busy = false; // a question is under way
let seen = false; // the photograph is on the screen: nobody labels what they have not seen
let ended = false;
let active = -1;
let poll = 0;

// Talking to the server

async function ask(path, body) {
  const options = body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Error("The session has ended in the terminal; all labels up to the last “Saved” are kept.");
  }
  const content = await answer.json();
  if (!answer.ok) throw new Error(content.error);
  return content;
}

async function guarded(work) {
  if (busy || ended) return;
  busy = true;
  try {
    await work();
  } catch (error) {
    alertAbout(error.message);
  } finally {
    busy = false;
  }
}

function anew() {
  if (busy) return void setTimeout(anew, 50);
  if (state) state.photo = null;
  guarded(reload);
}

const reload = async () => show(await ask(`state?queue=${queue}`));

function decide(label) {
  if (!state?.photo || !seen) return;
  const content = state.photo.content;
  const path = label === null ? "skip" : "label";
  guarded(async () => show(await ask(path, { queue, content, ...(label === null ? {} : { label }) })));
}

const undo = () => guarded(async () => show(await ask("undo", { queue })));

function turnTo(name) {
  guarded(async () => {
    queue = name;
    await reload();
    say(`Queue: ${name}`);
  });
}

function end() {
  guarded(async () => {
    await ask("end", {});
    ended = true;
    clearTimeout(poll);
    instead("Thank you. All labels are saved.", "The terminal shows the accuracy, and the commands to go on with. This page can be closed.");
    for (const button of document.querySelectorAll("button")) button.disabled = true;
    part("panel").hidden = true;
    document.body.classList.add("ended");
    say("");
  });
}

// Showing

function show(found) {
  const before = state?.photo?.content;
  state = found;
  part("alert").replaceChildren();
  if (found.said) say(found.said);
  if (found.news.length) alertAbout(summed(found.news));
  document.body.dataset.queue = queue;
  part("folder").textContent = found.folder;
  for (const button of document.querySelectorAll("button.queue")) {
    button.setAttribute("aria-pressed", String(button.dataset.queue === queue));
    part(`count-${button.dataset.queue}`).textContent = found.queues[button.dataset.queue].labelled;
  }
  showProgress(found.queues[queue]);
  showChoices();
  showSuggestions(found.photo?.suggestions ?? []);
  showPhoto(found, before);
}

function showProgress(counts) {
  const words = [`${counts.labelled} of ${counts.total} labelled`];
  if (counts.skipped) words.push(`${counts.skipped} skipped`);
  if (counts.within) words.push(`accuracy known to ±${Math.ceil(100 * counts.within)} points or better`);
  part("progress").textContent = words.join(" · ");
}

function showPhoto(found, before) {
  part("instead").hidden = Boolean(found.photo);
  part("none").disabled = part("skip").disabled = !found.photo;
  part("typing").hidden = !(found.photo && typing);
  part("keys").hidden = !found.photo || typing;
  clearTimeout(poll);
  if (!found.photo) {
    seen = false;
    nothingToShow(found);
    return;
  }
  const number = found.queues[queue].labelled + 1;
  part("file").textContent = found.photo.file ?? "";
  photo.hidden = false;
  if (found.photo.content !== before) {
    seen = false;
    photo.classList.add("loading");
    photo.alt = `Photograph ${number} of the ${queue} queue`;
    photo.src = `photo/${found.photo.content}`;
  }
  if (found.after) new Image().src = `photo/${found.after}`;
  part("filter").value = "";
  showMatches();
  (typing ? part("filter") : part("stage")).focus({ preventScroll: true });
}

function nothingToShow(found) {
  const counts = found.queues[queue];
  if (queue === "teach" && found.examining) {
    instead("The model looks at the photographs", "The most uncertain will come first. Meanwhile there is the measure queue.", found.examining);
    poll = setTimeout(() => guarded(reload), POLL);
  } else {
    const other = queue === "measure" ? "teach" : "measure";
    instead(counts.labelled ? "This queue is done" : "This queue is empty", `Nothing is left in it. Go on with “${other}”, or end the session.`);
  }
}

function instead(title, text, progress) {
  photo.hidden = true;
  photo.removeAttribute("src");
  part("file").textContent = "";
  part("instead").hidden = false;
  part("instead-title").textContent = title;
  part("instead-text").textContent = text;
  part("instead-progress").hidden = !progress;
  if (progress) {
    part("instead-progress").max = Math.max(1, progress.of);
    part("instead-progress").value = progress.done;
    part("instead-progress").setAttribute("aria-label", `${progress.done} of ${progress.of} photographs`);
  }
}

function showSuggestions(suggestions) {
  part("suggestions").hidden = !suggestions.length;
  const rows = suggestions.map(({ label, probability }, place) => {
    const row = button(place ? "suggestion" : "suggestion primary", () => decide(label));
    const chance = document.createElement("meter");
    chance.value = probability;
    chance.setAttribute("aria-hidden", "true");
    const key = place === 0 ? "Enter" : typing ? String(place + 1) : keys[state.classes.indexOf(label)]?.toUpperCase();
    const cap = key && key.toLowerCase() !== label.toLowerCase() ? [keycap(key)] : [];
    row.append(...cap, text("name", spoken(label)), text("chance", percent(probability)), chance);
    row.setAttribute("aria-label", `${place ? "" : "Confirm "}${spoken(label)}, ${percent(probability)}`);
    return row;
  });
  part("suggestions").replaceChildren(...rows);
  const question = suggestions.length ? "Is this right?" : "What is this?";
  part("question").textContent = state.photo ? question : "Nothing to label here";
  part("why").textContent = state.photo ? WHY[queue] : "";
}

function showChoices() {
  if (part("keys").childElementCount || typing) return;
  keys = keysFor(state.classes);
  typing = keys === null;
  for (const cap of document.querySelectorAll("kbd[data-command]")) cap.textContent = shownKey(cap.dataset.command, keys, typing);
  if (!typing) {
    part("keys").classList.toggle("short", state.classes.every((name) => name.length <= 3));
    part("keys").replaceChildren(...state.classes.map((name, place) => {
      const choice = button("", () => decide(name));
      const own = name.toLowerCase() === keys[place];
      choice.append(...(own ? [] : [keycap(keys[place].toUpperCase())]), text("", name));
      choice.setAttribute("aria-keyshortcuts", keys[place]);
      return choice;
    }));
  }
  writeHelp();
}

function showMatches(at) {
  if (!typing) return;
  const typed = part("filter").value.trim();
  const found = matching(state.classes, typed);
  active = at === undefined ? (typed && found.length ? 0 : -1) : at;
  const rows = found.map((name, place) => {
    const row = document.createElement("li");
    row.id = `match-${place}`;
    row.role = "option";
    row.ariaSelected = String(place === active);
    row.textContent = name;
    row.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
    row.addEventListener("click", () => decide(name));
    return row;
  });
  if (!found.length) rows.push(Object.assign(document.createElement("li"), { className: "nothing", textContent: "No class is called so." }));
  part("matches").replaceChildren(...rows);
  if (active >= 0) {
    part("filter").setAttribute("aria-activedescendant", `match-${active}`);
    rows[active].scrollIntoView({ block: "nearest" });
  } else {
    part("filter").removeAttribute("aria-activedescendant");
  }
}

function writeHelp() {
  const choose = typing ? ["letters", "find a class; arrows choose, Enter takes it"] : [`${keys[0]} … ${keys.at(-1)}`.toUpperCase(), "the class with that key"];
  const both = (name) => (shownKey(name, keys, typing) === COMMANDS[name].shown ? "" : `${shownKey(name, keys, typing)} or `) + COMMANDS[name].shown;
  const rows = [choose, ["Enter", "teach: the model’s guess is right"]];
  if (typing) rows.push(["2, 3", "teach: its second or third guess is"]);
  rows.push([both("none"), "none of these classes"], [both("skip"), "skip: it comes again at the end"], [both("undo"), "undo the latest label of this queue"]);
  if (shownKey("measure", keys, typing)) rows.push(["M, T", "turn to the queue measure or teach"]);
  rows.push(["?", "this help"]);
  part("help-keys").replaceChildren(...rows.flatMap(([key, what]) => {
    const term = document.createElement("dt");
    term.append(keycap(key));
    return [term, Object.assign(document.createElement("dd"), { textContent: what })];
  }));
}

// Keys

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || part("help").open || ended || !state) return;
  const typed = typing ? part("filter").value : "";
  const field = event.target === part("filter");
  if (event.target.closest("button") && (event.key === "Enter" || event.key === " ")) return; // the button's own
  const command = commandOf(event.key, keys, typing);
  if (typing && moved(event.key)) return event.preventDefault();
  if (event.key === "Escape" && typed) return clearField(event);
  if (event.key === "Enter") return once(event, enter);
  if (command && !(field && typed && command !== "help")) return once(event, RUN[command]);
  if (typing) return typed || !"123".includes(event.key) ? focusField(field, event) : once(event, () => suggested(Number(event.key) - 1));
  const place = keys.indexOf(event.key.toLowerCase());
  if (place >= 0) once(event, () => decide(state.classes[place]));
}

const RUN = {
  skip: () => decide(null),
  undo,
  none: () => decide(UNKNOWN),
  measure: () => turnTo("measure"),
  teach: () => turnTo("teach"),
  help: () => part("help").showModal(),
};

/** A key that is held down counts once: it must not label what comes next. */
function once(event, work) {
  event.preventDefault();
  if (!event.repeat) work();
}

function enter() {
  const chosen = document.querySelector("#matches [aria-selected='true']");
  if (typing && chosen) decide(chosen.textContent);
  else if (typing && part("filter").value.trim()) say("No class is called so.");
  else if (queue === "teach") suggested(0);
  else say(typing ? "Type a few letters of the class, then Enter." : "Press the key of the class.");
}

function suggested(place) {
  const label = state.photo?.suggestions?.[place]?.label;
  if (label) decide(label);
}

function moved(key) {
  const count = document.querySelectorAll("#matches [role='option']").length;
  const step = { ArrowDown: 1, ArrowUp: -1 }[key];
  if (!step || !count) return false;
  showMatches((active + step + count + (active < 0 && step < 0 ? 1 : 0)) % count);
  return true;
}

function clearField(event) {
  event.preventDefault();
  part("filter").value = "";
  showMatches();
}

/** Letters go to the field, wherever the focus is. */
function focusField(field, event) {
  if (!field && event.key.length === 1 && event.key !== " ") part("filter").focus();
}

// Small things

function button(name, work) {
  const made = Object.assign(document.createElement("button"), { type: "button", className: name });
  made.addEventListener("click", work);
  return made;
}

function text(name, content) {
  return Object.assign(document.createElement("span"), { className: name, textContent: content });
}

const keycap = (key) => Object.assign(document.createElement("kbd"), { textContent: key });
const spoken = (label) => (label === UNKNOWN ? "none of these" : label);
const percent = (share) => `${Math.round(100 * share)} %`;
const summed = (news) => news.slice(0, 3).join(" ") + (news.length > 3 ? ` And ${news.length - 3} more.` : "");
const say = (sentence) => { part("status").textContent = sentence; };
const alertAbout = (sentence) => { part("alert").textContent = sentence; };

photo.addEventListener("load", () => {
  seen = true;
  photo.classList.remove("loading");
});
photo.addEventListener("error", () => {
  if (photo.hasAttribute("src")) anew(); // deleted or unreadable: the server has left it out
});
document.addEventListener("keydown", onKey);
part("filter").addEventListener("input", () => showMatches());
part("none").addEventListener("click", RUN.none);
part("skip").addEventListener("click", RUN.skip);
part("undo").addEventListener("click", RUN.undo);
part("help-open").addEventListener("click", RUN.help);
part("end").addEventListener("click", end);
for (const choice of document.querySelectorAll("button.queue")) choice.addEventListener("click", () => turnTo(choice.dataset.queue));
guarded(reload);
