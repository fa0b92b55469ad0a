// A photograph as the model takes it: upright, RGB on white, at the model's size by its fit (stretch, pad, crop).
import { drafted, resized } from "./resample.js";

// file: a Blob. Returns ImageData of width × height; throws where the browser cannot decode it.
export async function read(file, height, width, fit) {
  const [first, second] = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  const image = await decoded(file);
  const isJpeg = first === 0xff && second === 0xd8;
  return fitted(isJpeg ? drafted(image, Math.max(height, width)) : image, height, width, fit);
}

export function fitted(image, height, width, fit) {
  let [across, down] = [width, height];
  let [left, upper] = [0, 0];
  if (fit === "pad") {
    const scale = Math.min(width / image.width, height / image.height);
    [across, down] = [image.width, image.height].map((side) => Math.max(1, Math.round(side * scale)));
  } else if (fit === "crop") {
    const scale = Math.min(image.width / width, image.height / height);
    [left, upper] = [(image.width - scale * width) / 2, (image.height - scale * height) / 2];
  }
  const small = resized(image, [left, upper, image.width - left, image.height - upper], across, down);
  const context = contextOf(width, height);
  context.fillRect(0, 0, width, height); // black, beside a padded photograph
  context.putImageData(small, Math.floor((width - across) / 2), Math.floor((height - down) / 2));
  return context.getImageData(0, 0, width, height);
}

// RGBA as canvases have it → RGB.
export function rgb(image) {
  return image.data.filter((_, index) => index % 4 < 3);
}

async function decoded(file) {
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image", colorSpaceConversion: "none" });
  const context = contextOf(bitmap.width, bitmap.height);
  context.fillStyle = "white"; // below a transparent photograph
  context.fillRect(0, 0, bitmap.width, bitmap.height);
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context.getImageData(0, 0, context.canvas.width, context.canvas.height);
}

function contextOf(width, height) {
  return new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
}
