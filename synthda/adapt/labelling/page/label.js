// The labelling page: one photograph, one question, one key. All text from outside is set as text, never as markup.

import { commandOf, keysFor, matching, shownKey } from "./choices.js";
import { UNKNOWN, alertAbout, ask, button, element, part, percent, say, spoken, summed, writeHelp } from "./parts.js";

const POLL = 700;
const WHY = {
  measure: "Drawn at random. The model’s answer is hidden, so that it cannot sway you.",
  teach: "The model is unsure of this one. Confirm its guess, or correct it.",
};

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

// What is asked of the server, one thing at a time

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
    const next = "The terminal shows the accuracy, and the commands to go on with. This page can be closed.";
    instead("Thank you. All labels are saved.", next);
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
    const meanwhile = "The most uncertain will come first. Meanwhile there is the measure queue.";
    instead("The model looks at the photographs", meanwhile, found.examining);
    poll = setTimeout(() => guarded(reload), POLL);
  } else {
    const other = queue === "measure" ? "teach" : "measure";
    const title = counts.labelled ? "This queue is done" : "This queue is empty";
    instead(title, `Nothing is left in it. Go on with “${other}”, or end the session.`);
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
    const own = keys?.[state.classes.indexOf(label)];
    const key = place === 0 ? "Enter" : numbered() ? String(place + 1) : own === label.toLowerCase() ? "" : own;
    if (key) row.append(element("kbd", own && place ? key.toUpperCase() : key));
    row.append(element("span", spoken(label), "name"), element("span", percent(probability), "chance"), chance);
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
  for (const cap of document.querySelectorAll("kbd[data-command]")) {
    cap.textContent = shownKey(cap.dataset.command, keys, typing);
  }
  if (!typing) {
    part("keys").classList.toggle("short", state.classes.every((name) => name.length <= 3));
    part("keys").replaceChildren(...state.classes.map((name, place) => {
      const choice = button("", () => decide(name));
      if (name.toLowerCase() !== keys[place]) choice.append(element("kbd", keys[place].toUpperCase()));
      choice.append(element("span", name));
      choice.setAttribute("aria-keyshortcuts", keys[place]);
      return choice;
    }));
  }
  writeHelp(keys);
}

function showMatches(at) {
  if (!typing) return;
  const typed = part("filter").value.trim();
  const found = matching(state.classes, typed);
  active = at === undefined ? (typed && found.length ? 0 : -1) : at;
  const rows = found.map((name, place) => {
    const row = element("li", name);
    row.id = `match-${place}`;
    row.role = "option";
    row.ariaSelected = String(place === active);
    row.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
    row.addEventListener("click", () => decide(name));
    return row;
  });
  if (!found.length) rows.push(element("li", "No class is called so.", "nothing"));
  part("matches").replaceChildren(...rows);
  if (active >= 0) {
    part("filter").setAttribute("aria-activedescendant", `match-${active}`);
    rows[active].scrollIntoView({ block: "nearest" });
  } else {
    part("filter").removeAttribute("aria-activedescendant");
  }
}

// Keys

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (part("help").open || ended || !state) return;
  const typed = typing ? part("filter").value : "";
  const field = event.target === part("filter");
  if (event.target.closest("button") && (event.key === "Enter" || event.key === " ")) return; // the button's own
  const command = commandOf(event.key, keys, typing);
  if (typing && moved(event.key)) return event.preventDefault();
  if (event.key === "Escape" && typed) return clearField(event);
  if (event.key === "Enter") return once(event, enter);
  if (command && !(field && typed && command !== "help")) return once(event, RUN[command]);
  if (!typed && numbered() && "123".includes(event.key)) return once(event, () => suggested(Number(event.key) - 1));
  if (typing) return focusField(field, event);
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

/** Whether digits choose among the suggestions: not where one may begin a class. */
const numbered = () => queue === "teach" && typing && !state.classes.some((name) => /(^|[\s_-])[123]/.test(name));

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
for (const choice of document.querySelectorAll("button.queue")) {
  choice.addEventListener("click", () => turnTo(choice.dataset.queue));
}
guarded(reload);
