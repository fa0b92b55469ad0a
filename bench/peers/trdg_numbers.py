"""Images per second of trdg's Python API on numbers of one to three digits: run by its own interpreter.

PYTHON bench/peers/trdg_numbers.py SECONDS

trdg 1.8.0 needs Pillow below 10, so a virtual environment of its own: pip install trdg==1.8.0 "pillow<10" "numpy<2".
"""

import random
import sys
import time

from trdg.generators import GeneratorFromStrings

WARM_UP = 20


def main() -> None:
    seconds = float(sys.argv[1])
    random.seed(0)
    numbers = [str(random.randrange(1000)) for _ in range(1000)]
    # Backgrounds 0 to 2 are noise, white and quasicrystal: one generator each, in turn, so that they mix.
    generators = [
        GeneratorFromStrings(numbers, size=32, background_type=kind, skewing_angle=12, random_skew=True, blur=1)
        for kind in range(3)
    ]
    made, began = -WARM_UP, time.perf_counter()
    while made < 0 or time.perf_counter() - began < seconds:
        next(generators[made % 3])
        made += 1
        if made == 0:
            began = time.perf_counter()
    print(made / (time.perf_counter() - began))


if __name__ == "__main__":
    main()
