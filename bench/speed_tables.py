"""Tables of how fast training and rendering are, from the result files."""

from __future__ import annotations

from typing import Any

from bench.markdown import NOT_MEASURED, section, spread


def speed_tables() -> list[str]:
    """The training loop, several processes and rendering as Markdown."""
    return [
        section("Speed", "train_cpu", _speed),
        section("Time to an accuracy", "time-to-accuracy", _time_to_accuracy),
        section("Several processes", "ranks", _ranks),
        section("Rendering", "rendering", _rendering),
    ]


def _speed(found: dict[str, Any]) -> list[str]:
    low, high = found["ratio_range"]
    lines = [
        f"- The training loop against a bare PyTorch loop over the same tensors ({found['what']}, median of "
        f"{found['repeats']}): {found['ratio_to_floor']:.2f} of its images per second (range {low:.2f}…{high:.2f})."
    ]
    for name, peer in found.get("peers", {}).items():
        low, high = peer["ratio_range"]
        lines.append(
            f"- {name} on the same network, batch and data: {peer['ratio_to_floor']:.2f} ({low:.2f}…{high:.2f})."
        )
    return lines + [f"- {name}: {NOT_MEASURED} ({reason})." for name, reason in found.get("not_measured", {}).items()]


def _time_to_accuracy(found: dict[str, Any]) -> list[str]:
    lines = [
        "MNIST → MNIST-M (binarised blends), seed 0, on the tables' networks: weights kept every 250 steps, scored on "
        "the images that evaluate after the training. Seconds are those of training, with what the method starts from, "
        "and those since the process was started, with imports and data.",
        "",
        "| table | method | aim | reached after | training | since the start | at its end |",
        "|---|---|---|---|---|---|---|",
    ]
    for case in found["cases"]:
        after, last = case["reached_after_steps"], case["accuracies"][max(case["accuracies"], key=int)]
        told = [f"{after:,} of {case['steps']:,} steps"] if after is not None else [f"not in {case['steps']:,} steps"]
        seconds = [case["seconds_of_training"], case["seconds_from_process_start"]]
        told += [f"{value:,.0f} s" if value is not None else "" for value in seconds]
        cells = [case["table"], f"`{case['method']}`", f"{case['aim']:.4f}", *told, f"{last:.4f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _ranks(found: dict[str, Any]) -> list[str]:
    lines = [
        f"Images per second of training ({found['what']}), median of {found['repeats']} (range). One process has the "
        "whole batch; two together divide it; two that know nothing of each other, at the same time, have half of it "
        "each: that is what the machine has for two. Effort is processor time of the two together over that of one. "
        f"The machine's load before was {found['load_before']:g}: beside other work, two processes get more of a "
        "machine than one, so that gains by the clock say little; effort hardly depends on it. Never measured on GPUs.",
        "",
        "| images a step | one | two together | two apart | gain | of two apart | together, of apart | effort |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for case in found["cases"]:
        rates = [spread(case[name], 0) for name in ("one", "two_together", "two_apart")]
        ratios = [spread(case[name], 2, "×") for name in ("gain", "gain_apart")]
        ratios += [spread(case[name], 2) for name in ("share_of_apart", "effort")]
        cells = [f"{case['batch']} + {case['batch']}", *rates, *ratios]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _rendering(found: dict[str, Any]) -> list[str]:
    lines = [
        f"Rendering and writing shards on one core at default settings, median of {found['repeats']} interleaved runs "
        "(range); trdg is its Python API on numbers of one to three digits, mixed backgrounds, not writing. Two "
        "independent processes of one worker each, at the same time, are what two workers could gain on this machine.",
        "",
        "| what | images each | images per second | against trdg | gain of two workers | of two independent processes "
        "| peak memory of a process |",
        "|---|---|---|---|---|---|---|",
    ]
    rates = found["rates"]
    for name, count in found["counts"].items():
        ratio = rates.get("against trdg") if name == "syn-numbers" else None
        cells = [
            spread(rates[name], 0),
            spread(ratio, 0, "×"),
            spread(rates[f"{name}, gain of two workers"], 2, "×"),
            spread(rates[f"{name}, gain of two processes"], 2, "×"),
        ]
        lines.append(f"| {name} | {count:,} | {' | '.join(cells)} | {found['peak_mb'][name]:,.0f} MB |")
    lines.append(f"| trdg 1.8.0 | | {spread(rates.get('trdg'), 0)} | | | | |")
    return lines
