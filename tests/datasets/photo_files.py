"""Photographs for tests: good ones, and files that only claim to be."""

import struct
import zlib

import numpy as np
from PIL import Image


def save(path, colour=(200, 100, 50), size=(12, 10), **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path, **options)
    return path


def close_to(array, colour, tolerance=6):
    return np.abs(array.astype(int) - np.array(colour)).max() <= tolerance


def png_claiming(path, width, height):
    """A PNG of a few bytes whose header claims any size."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(b"\0" * 100))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + data + chunk(b"IEND", b""))
    return path


def spoil(path, kind):
    whole = save(path, size=(200, 200)).read_bytes()
    path.write_bytes({"empty": b"", "truncated": whole[: len(whole) // 2], "text": b"no image at all" * 50}[kind])
    return path
