"""JSON, Markdown and a plot of what `time_to_target.py` measured.

    python benchmarks/target_report.py FOLDER

writes the Markdown and the plot again from the JSON in FOLDER.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import Any

NAME = "time_to_target"
STARTS = 20


def write(found: dict[str, Any], folder: Path) -> None:
    """Three files."""
    (folder / f"{NAME}.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    (folder / f"{NAME}.md").write_text(markdown(found), encoding="utf-8")
    plot(found["sizes"], folder / f"{NAME}.svg")


def markdown(found: dict[str, Any]) -> str:
    """All tables."""
    parts = [
        "\n".join(f"{name}: {value}" for name, value in found["machine"].items()),
        ", ".join(f"{name} {value}" for name, value in found["versions"].items()),
        *(optima(found["sizes"], kind) for kind in ("posterior", "likelihood")),
        many_starts(found["sizes"]),
    ]
    if "passes" in found:
        parts.append(passes(found["passes"]))
    if "sweeps" in found:
        parts += [sweep(each) for each in found["sweeps"]]
    if "growth" in found:
        parts += [growth(name, rows) for name, rows in found["growth"].items()]
    if "processes" in found:
        parts.append(processes(found["processes"]))
    return "\n\n".join(part for part in parts if part) + "\n"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table in Markdown.

    Examples
    --------
    >>> print(table(["a", "b"], [["1", "2"]]))
    | a | b |
    |---|---|
    | 1 | 2 |
    """
    head = list(head)
    lines = [head, ["---"] * len(head), *map(list, rows)]
    return "\n".join(
        "|" + "|".join(c if c == "---" else f" {c} " for c in line) + "|" for line in lines
    )


def optima(sizes: list[dict[str, Any]], kind: str) -> str:
    """Median seconds to the target; ">" where it was not reached in 20 times our time."""
    sizes = [size for size in sizes if size["tables"] and size["tables"][0][kind]]
    if not sizes:
        return ""
    packages = list(sizes[0]["tables"][0][kind])
    rows = (
        [named(size["size"]), *(cell(size["tables"], kind, package) for package in packages)]
        for size in sizes
    )
    return table([f"s to the best {kind}", *packages], rows)


def cell(tables: list[dict[str, Any]], kind: str, package: str) -> str:
    """Median seconds, and the share of starts that reach the posterior's optimum."""
    outcomes = [each[kind][package] for each in tables if package in each[kind]]
    if not outcomes:
        return ""
    shown = seconds_of(outcomes)
    if kind == "posterior" and package != "bayes_gmm":
        shown += f" ({sum(o['hits'] for o in outcomes)} of {sum(o['starts'] for o in outcomes)})"
    return shown


def seconds_of(outcomes: list[dict[str, Any]]) -> str:
    """The median, a lower bound where at least half of the tables have no time."""
    seconds = median(o["spent"] if o["seconds"] is None else o["seconds"] for o in outcomes)
    missed = sum(o["seconds"] is None for o in outcomes)
    return ("> " if 2 * missed >= len(outcomes) else "") + number(seconds)


def many_starts(sizes: list[dict[str, Any]]) -> str:
    """Seconds of twenty starts, which a user makes who does not know the optimum."""
    if not (sizes := [size for size in sizes if size["tables"]]):
        return ""
    packages = list(sizes[0]["tables"][0]["posterior"])

    def cost(tables: list[dict[str, Any]], package: str) -> str:
        known = [t["posterior"][package] for t in tables if package in t["posterior"]]
        times = [outcome["per_start"] for outcome in known if outcome["per_start"] is not None]
        if not times:
            return ""
        return number(median(times) * (1 if package == "bayes_gmm" else STARTS))

    rows = ([named(s["size"]), *(cost(s["tables"], p) for p in packages)] for s in sizes)
    return table([f"s of {STARTS} starts; ours: the whole fit", *packages], rows)


def passes(found: list[dict[str, Any]]) -> str:
    """Milliseconds."""
    return table(
        ["one pass", "bayes_gmm", "scikit-learn", "ratio"],
        (
            [
                named(row["size"]), f"{row['ours']:.3g} ms", f"{row['scikit-learn']:.3g} ms",
                f"{row['scikit-learn'] / row['ours']:.0f}",
            ]
            for row in found
        ),
    )  # fmt: skip


def sweep(found: dict[str, Any]) -> str:
    """Seconds and optima of K = 1 ... 8."""
    return table(
        [
            "K = 1 ... 8",
            "s until all are reached or time is over",
            "reached of 8",
            "s of one start",
        ],
        (
            [name, number(r["seconds"]), str(sum(r["reached"])), number(r.get("once") or 0.0)]
            for name, r in found.items()
        ),
    )


def growth(name: str, rows: list[dict[str, Any]]) -> str:
    """Seconds by one of the sizes."""
    return table(
        [f"growth in {name}", "fit, s", "scikit-learn, one start, s", "our pass, ms"],
        (
            [
                named(r["size"]), number(r["fit"]), number(r["scikit-learn, one start"]),
                number(1e3 * r["pass"]),
            ]
            for r in rows
        ),
    )  # fmt: skip


def processes(found: dict[str, Any]) -> str:
    """Imports and memory."""
    return table(
        ["", "imports, s", "MB above the table at the peak, by size"],
        (
            [name, number(r["imports"]), ", ".join(f"{m:.0f}" for m in r["memory"])]
            for name, r in found.items()
        ),
    )


def named(size: list[int]) -> str:
    """Rows, features and components.

    Examples
    --------
    >>> named([10_000, 5, 8])
    '10,000 x 5, 8'
    """
    n, d, K = size
    return f"{n:,} x {d}, {K}"


def number(value: float) -> str:
    """Two significant digits, or three from 1 on.

    Examples
    --------
    >>> number(0.01234), number(1.234), number(1234.5)
    ('0.012', '1.23', '1234')
    """
    return f"{value:.2g}" if value < 1.0 else f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def plot(sizes: list[dict[str, Any]], path: Path) -> None:
    """Every table is a mark: seconds to the best posterior, by package and size."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    sizes = [size for size in sizes if size["tables"]]
    if not sizes:
        return
    figure = Figure(figsize=(8.0, 1.0 + 1.5 * len(sizes)), layout="constrained")
    axes = figure.subplots(len(sizes), squeeze=False, sharex=True)[:, 0]
    for ax, size in zip(axes, sizes, strict=True):
        packages = list(size["tables"][0]["posterior"])
        for y, package in enumerate(packages):
            for each in size["tables"]:
                if (outcome := each["posterior"].get(package)) is None:
                    continue
                missed = outcome["seconds"] is None
                ax.plot(
                    outcome["spent"] if missed else outcome["seconds"], y,
                    marker=">" if missed else "o", ls="none", mfc="none" if missed else None,
                    color="C0" if package.startswith("bayes_gmm") else "C7",
                )  # fmt: skip
        ax.set(xscale="log", yticks=range(len(packages)), title=named(size["size"]))
        ax.set_yticklabels(packages)
        ax.set_ylim(len(packages) - 0.5, -0.5)
        ax.grid(axis="x", alpha=0.3)
        ax.minorticks_off()
        ax.spines[["top", "right"]].set_visible(False)
        ax.title.set(fontsize=10)
    axes[-1].set_xlabel("seconds to within 1 nat of the best posterior; open: not reached")
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": NAME}):
        figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    write(json.loads((folder / f"{NAME}.json").read_text(encoding="utf-8")), folder)
