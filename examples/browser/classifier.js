// A model that synthda export wrote, in onnxruntime-web: one image of bytes in, class names with probabilities out.
import * as ort from "./vendor/ort.wasm.min.mjs";
import { metadataOf } from "./metadata.js";

ort.env.wasm.wasmPaths = new URL("./vendor/", import.meta.url).href;
ort.env.wasm.numThreads = 1; // more need a page that is isolated by headers

export class Classifier {
  // bytes: Uint8Array of the file. Throws Error with a sentence where it is no such model.
  static async open(bytes) {
    const metadata = metadataOf(bytes);
    if (!metadata.classes || !metadata.input_size || !metadata.fit) {
      throw new Error("This file is not a model that synthda exported; make one with: synthda export RUN");
    }
    const session = await ort.InferenceSession.create(bytes, { executionProviders: ["wasm"] });
    return new Classifier(session, metadata);
  }

  constructor(session, metadata) {
    this.session = session;
    this.metadata = metadata;
    this.classes = JSON.parse(metadata.classes);
    [this.height, this.width] = JSON.parse(metadata.input_size);
    this.fit = metadata.fit;
  }

  // pixels: height × width × 3 bytes, RGB. Returns [{ name, chance }, …], the most probable first.
  async rank(pixels) {
    const images = new ort.Tensor("uint8", new Uint8Array(pixels), [1, this.height, this.width, 3]);
    const { probabilities } = await this.session.run({ images }, ["probabilities"]);
    const found = this.classes.map((name, index) => ({ name, chance: probabilities.data[index] }));
    return found.sort((one, other) => other.chance - one.chance);
  }
}
