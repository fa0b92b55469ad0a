// The page: a photograph is chosen, dropped or pasted; the classes stand beside it.
import { Classifier } from "./classifier.js";
import { read, rgb } from "./photograph.js";

const SHOWN = 8;
const element = (id) => document.getElementById(id);
const percent = new Intl.NumberFormat("en", { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
let classifier = null;
let asked = 0; // the latest photograph's number: an answer that comes after a later question is left out

element("choose").addEventListener("click", () => element("photograph").click());
element("change").addEventListener("click", () => element("file-of-model").click());
for (const id of ["photograph", "file-of-model"]) {
  element(id).addEventListener("change", ({ target }) => {
    take(target.files);
    target.value = ""; // so that the same file can be chosen again
  });
}
document.addEventListener("paste", (event) => take(event.clipboardData.files));
document.addEventListener("dragover", (event) => {
  event.preventDefault(); // or the browser would open the file instead of this page
  document.body.classList.add("dragging");
});
document.addEventListener("dragleave", (event) => event.relatedTarget || document.body.classList.remove("dragging"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("dragging");
  take(event.dataTransfer.files);
});
start();

async function start() {
  try {
    const answer = await fetch("model.onnx");
    if (!answer.ok) throw new Error("There is no model.onnx beside this page; choose one by “Change model”.");
    await use(new Uint8Array(await answer.arrayBuffer()));
  } catch (error) {
    complain(error.message);
    element("model").textContent = "No model";
  }
}

function take(files) {
  const [file] = files;
  if (!file) return;
  const done = file.name.endsWith(".onnx") ? change(file) : show(file);
  done.catch((error) => complain(error.message));
}

async function change(file) {
  await use(new Uint8Array(await file.arrayBuffer()));
  forget();
}

async function use(bytes) {
  classifier = await Classifier.open(bytes);
  const { classes, width, height, metadata } = classifier;
  const known = [metadata.method, metadata.network].filter(Boolean).join(" × ");
  const facts = [known, `${classes.length} classes`, `${width} × ${height} px`];
  element("model").textContent = facts.filter(Boolean).join(" · ");
  element("choose").disabled = false;
  complain("");
  document.body.dataset.state = "ready";
}

async function show(file) {
  if (!classifier) throw new Error("There is no model yet; choose one by “Change model”.");
  const mine = ++asked, started = performance.now();
  let image;
  try {
    image = await read(file, classifier.height, classifier.width, classifier.fit);
  } catch {
    throw new Error(`${file.name} cannot be read as a photograph; choose a JPEG, PNG or WebP file.`);
  }
  const found = await classifier.rank(rgb(image));
  if (mine !== asked) return;
  complain("");
  picture(file, image);
  answer(found);
  element("time").textContent = `Read and classified in ${Math.round(performance.now() - started)} ms`;
  document.body.dataset.state = "shown";
}

function picture(file, image) {
  const photo = element("photo"), pixels = element("pixels");
  URL.revokeObjectURL(photo.src);
  photo.src = URL.createObjectURL(file);
  photo.alt = file.name;
  element("file").textContent = file.name;
  [pixels.width, pixels.height] = [image.width, image.height];
  pixels.getContext("2d").putImageData(image, 0, 0);
  element("size").textContent = `seen at ${image.width} × ${image.height}`;
  element("choose").textContent = "Choose another";
  photo.hidden = element("seen").hidden = false;
  element("invitation").hidden = true;
}

function answer(found) {
  element("answer").textContent = found[0].name;
  element("sure").textContent = `${percent.format(found[0].chance)} sure`;
  element("bars").replaceChildren(...found.slice(0, SHOWN).map(bar));
  const rest = found.slice(SHOWN), left = rest.reduce((sum, { chance }) => sum + chance, 0);
  element("rest").textContent = rest.length ? `${rest.length} more classes share ${percent.format(left)}.` : "";
}

function bar({ name, chance }) {
  const [line, label, sure, meter] = ["li", "span", "span", "meter"].map((kind) => document.createElement(kind));
  label.className = "name";
  label.textContent = name; // text, not markup: names come from folders
  sure.className = "chance";
  sure.textContent = percent.format(chance);
  meter.value = chance;
  meter.ariaHidden = "true"; // it says what the number beside it says
  line.append(label, sure, meter);
  return line;
}

function forget() {
  asked++;
  element("photo").hidden = element("seen").hidden = true;
  element("invitation").hidden = false;
  element("choose").textContent = "Choose a photograph";
  element("answer").textContent = "Nothing yet";
  element("sure").textContent = "Choose a photograph to begin.";
  for (const id of ["file", "rest", "time"]) element(id).textContent = "";
  element("bars").replaceChildren();
}

function complain(sentence) {
  element("alert").textContent = sentence;
}
