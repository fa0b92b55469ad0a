// Bicubic with antialiasing, as the photographs were brought to size that the model has learnt from (by Pillow). A
// canvas would resize by a filter of the browser's own choice, and the model would see other pixels.

const GAP = 3; // before the filter, a far larger image is averaged down to no less than this many times its result

// image: ImageData, opaque; box: the part of it to use, [left, upper, right, lower]. Returns ImageData across × down.
export function resized(image, [left, upper, right, lower], across, down) {
  const byX = Math.max(1, Math.floor((right - left) / across / GAP));
  const byY = Math.max(1, Math.floor((lower - upper) / down / GAP));
  const { width, height, data } = averaged(image, byX, byY);
  const narrow = new Uint8ClampedArray(across * height * 4); // rounds and clamps what is written to it
  const rows = { step: 4, line: width * 4, outStep: 4, outLine: across * 4 };
  pass(data, narrow, taps(left / byX, right / byX, width, across), height, rows);
  const small = new ImageData(across, down);
  const columns = { step: across * 4, line: 4, outStep: across * 4, outLine: 4 };
  pass(narrow, small.data, taps(upper / byY, lower / byY, height, down), across, columns);
  return small;
}

// A JPEG as the model's decoder reads it: at a half, a quarter or an eighth of its size where that leaves GAP times
// `side`. That decoder leaves fine detail out before it is decoded; the mean here differs by a fraction of a level.
export function drafted(image, side) {
  const scale = Math.floor(Math.min(image.width, image.height) / (GAP * side));
  const by = [8, 4, 2].find((factor) => factor <= scale) ?? 1;
  return averaged(image, by, by);
}

// The means of cells of byX × byY pixels; at the right and lower edge, of what is left.
function averaged(image, byX, byY) {
  if (byX * byY === 1) return image;
  const small = new ImageData(Math.ceil(image.width / byX), Math.ceil(image.height / byY));
  for (let y = 0, to = 0; y < small.height; y++) {
    for (let x = 0; x < small.width; x++, to += 4) {
      const right = Math.min(image.width, (x + 1) * byX), lower = Math.min(image.height, (y + 1) * byY);
      let red = 0, green = 0, blue = 0, count = 0;
      for (let line = y * byY; line < lower; line++) {
        for (let at = (line * image.width + x * byX) * 4; at < (line * image.width + right) * 4; at += 4, count++) {
          red += image.data[at];
          green += image.data[at + 1];
          blue += image.data[at + 2];
        }
      }
      small.data.set([red / count, green / count, blue / count, 255], to);
    }
  }
  return small;
}

// For each pixel of the result: the first pixel that it is a mean of, and the weights from there on.
function taps(from, to, size, count) {
  const scale = (to - from) / count, stretch = Math.max(scale, 1), reach = 2 * stretch;
  return Array.from({ length: count }, (_, place) => {
    const centre = from + (place + 0.5) * scale;
    const first = Math.max(0, Math.floor(centre - reach + 0.5));
    const last = Math.min(size, Math.floor(centre + reach + 0.5));
    const weights = Float64Array.from({ length: last - first }, (_, k) => cubic((first + k - centre + 0.5) / stretch));
    const sum = weights.reduce((one, other) => one + other, 0);
    return { first, weights: weights.map((weight) => weight / sum) };
  });
}

// Keys 1981, "Cubic convolution interpolation for digital image processing", with a = −1/2.
function cubic(distance) {
  const x = Math.abs(distance);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

// One direction: `step` bytes from pixel to pixel along it, `line` across it; `outStep` and `outLine` in the result.
function pass(data, out, all, lines, { step, line, outStep, outLine }) {
  for (let index = 0; index < lines; index++) {
    for (let place = 0; place < all.length; place++) {
      const { first, weights } = all[place];
      let red = 0, green = 0, blue = 0;
      for (let k = 0, at = index * line + first * step; k < weights.length; k++, at += step) {
        red += weights[k] * data[at];
        green += weights[k] * data[at + 1];
        blue += weights[k] * data[at + 2];
      }
      const to = index * outLine + place * outStep;
      out[to] = red;
      out[to + 1] = green;
      out[to + 2] = blue;
      out[to + 3] = 255;
    }
  }
}
