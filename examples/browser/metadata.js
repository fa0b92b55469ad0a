// What an ONNX file says of itself. onnxruntime-web does not tell it, so it is read from the file: a protobuf message
// whose field 14 holds the pairs, of key (1) and value (2).
const PAIRS = 14, KEY = 1, VALUE = 2;
const VARINT = 0, EIGHT_BYTES = 1, BYTES = 2, FOUR_BYTES = 5;

// Returns an object of texts, empty where the bytes are no ONNX file.
export function metadataOf(bytes) {
  const found = {}, text = new TextDecoder();
  try {
    for (const [field, pair] of fields(bytes)) {
      if (field !== PAIRS) continue;
      const { [KEY]: key, [VALUE]: value } = Object.fromEntries(fields(pair));
      found[text.decode(key)] = text.decode(value);
    }
  } catch {
    return {};
  }
  return found;
}

// Number and content of each length-delimited field of a message; the others are passed over.
function* fields(bytes) {
  let at = 0;
  const number = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      if (at >= bytes.length) throw new Error("cut off");
      const byte = bytes[at++];
      value += (byte & 127) * scale; // not shifted: lengths of 2 GiB are more than 31 bits
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = number(), kind = tag % 8;
    if (kind === VARINT) number();
    else if (kind === EIGHT_BYTES) at += 8;
    else if (kind === FOUR_BYTES) at += 4;
    else if (kind === BYTES) {
      const length = number();
      if (at + length > bytes.length) throw new Error("cut off");
      yield [Math.floor(tag / 8), bytes.subarray(at, at + length)];
      at += length;
    } else throw new Error("no protobuf message");
  }
}
