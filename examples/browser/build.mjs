// npm run build [-- MODEL.onnx]: what the page loads of onnxruntime-web into vendor/, and the model beside the page.
import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const library = join(here, "node_modules", "onnxruntime-web", "dist");
const model = process.argv[2];

if (!existsSync(library)) fail("onnxruntime-web is not installed; run: npm ci");
if (model && !existsSync(model)) fail(`${model} does not exist; give a file that synthda export wrote.`);
mkdirSync(join(here, "vendor"), { recursive: true });
// The WebAssembly backend alone: one thread of it needs no special headers of the server.
for (const name of ["ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"]) {
  copyFileSync(join(library, name), join(here, "vendor", name));
}
if (model) copyFileSync(model, join(here, "model.onnx"));

function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}
