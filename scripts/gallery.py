"""Runs workloads into a gallery and writes its table. What stands in the table is read from the results by dbbench itself
(`dbbench report FOLDER --format json`); only the seconds are measured here, and kept in `gallery.json` beside each result."""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

# What a reader needs; the rest of a result goes.
KEPT = ("summary.json", "report.html", "plots", "gallery.json")
HISTOGRAMS = "histograms.hlog"
MOST_BYTES = 10_000_000
# Of a run that ended so there are figures: done, an expectation refuted. 5: there are some, and they cannot be relied on.
GOOD, NOT_VALID = (0, 3), 5


class Refused(Exception):
    """What the user has to change."""


def dbbench(*arguments, **more):
    return subprocess.run([os.environ["DBBENCH_PROGRAM"], *map(str, arguments)], text=True, **more)


def size(path):
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


def run(workload, gallery, options, even_not_valid):
    """Runs a workload into the gallery; what was there stays if that fails. Returns why it failed."""
    name = workload.stem
    target, earlier = gallery / name, gallery / f".{name}.earlier"
    if not target.exists() and earlier.exists():
        earlier.rename(target)  # this was cut off
    shutil.rmtree(earlier, ignore_errors=True)
    if target.exists():
        target.rename(earlier)
    good = False
    try:
        begin = time.monotonic()
        code = dbbench("run", workload, "--out", target, "--no-progress", *options, stdout=subprocess.DEVNULL).returncode
        seconds = time.monotonic() - begin
        good = code in GOOD or (code == NOT_VALID and even_not_valid)
        if not good:
            return f"{name}: dbbench run ended with {code}" + (", not valid" if code == NOT_VALID else "")
        (target / "gallery.json").write_text(json.dumps({"seconds": round(seconds, 1), "exit_code": code}) + "\n")
        prune(target, workload)
        return None
    finally:
        if good:
            shutil.rmtree(earlier, ignore_errors=True)
        else:
            shutil.rmtree(target, ignore_errors=True)
            if earlier.exists():
                earlier.rename(target)


def prune(result, workload):
    for entry in result.iterdir():
        if entry.name in KEPT or entry.name == HISTOGRAMS:
            continue
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    shutil.copy(workload, result / workload.name)


def fit(gallery):
    """Histograms go, the largest first, until the gallery is small enough to be passed on."""
    histograms = sorted(gallery.glob(f"*/{HISTOGRAMS}"), key=lambda file: file.stat().st_size)
    while size(gallery) > MOST_BYTES and histograms:
        histograms.pop().unlink()
    if size(gallery) > MOST_BYTES:
        raise Refused(f"{gallery} takes {size(gallery):,} bytes without histograms, at most {MOST_BYTES:,} are meant")


def cell(text):
    """Text in a cell of a Markdown table: nothing in it is markup."""
    for sign in "\\`*_[]<>|#":
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())


def found(run):
    """`2 hold, 1 refuted`, of claims and expectations together."""
    total = {word: run["claims"][word] + run["expectations"][word] for word in ("holds", "refuted", "undecided")}
    said = [f"{count} {'hold' if word == 'holds' and count > 1 else word}" for word, count in total.items() if count]
    return ", ".join(said) or "–"


def table(gallery):
    made = dbbench("report", gallery, "--format", "json", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if made.returncode != 0:
        raise Refused(f"dbbench report {gallery} ended with {made.returncode}: {made.stderr.strip()}")
    index = json.loads(made.stdout)
    for one in index["left_out"]:
        print(f"warning: {one['dir']} is left out: {one['reason']}", file=sys.stderr)
    catalogue = json.loads(dbbench("list", "--format", "json", stdout=subprocess.PIPE, check=True).stdout)
    about = {entry["name"]: entry["about"] or "" for entry in catalogue}
    rows, seconds = [], 0.0
    for run in index["runs"]:
        note = gallery / run["dir"] / "gallery.json"
        took = json.loads(note.read_text())["seconds"] if note.exists() else None
        seconds += took or 0.0
        name = cell(run["workload"])
        rows.append("| " + " | ".join((
            f"[{name}]({run['report']})" if run["report"] else name, cell(about.get(run["workload"], "")),
            cell(run["headline"]), found(run), "–" if took is None else f"{took:.0f}",
        )) + " |")
    machines = sorted({" · ".join([run["machine"], *run["servers"], f"dbbench {run['dbbench_version']}"]) for run in index["runs"]})
    together = f"{seconds / 60:.0f} minutes" if seconds > 119 else f"{seconds:.0f} s"
    text = [
        "# What the workloads of the catalogue found", "",
        "<!-- made by scripts/gallery -->", "",
        "Each row is one run of a workload of `workloads/` at its full length, with its page, plots, `summary.json` and the workload as it",
        "was. [index.html](index.html) has them all on one page. What a claim came to is a finding, whichever way it went: it holds for this",
        "machine, these versions and this data. Times differ from machine to machine; run a workload on yours before you rely on it.", "",
        *[f"- {machine}" for machine in machines], "",
        "| workload | question | what was found | claims and expectations | seconds |", "| --- | --- | --- | --- | ---: |", *rows, "",
        f"{len(rows)} workloads, {together} together, server and data included.", "",
    ]
    (gallery / "README.md").write_text("\n".join(text), encoding="utf-8")
    print(gallery / "README.md")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--only", nargs="+", metavar="NAME", help="run these workloads alone")
    arguments.add_argument("--table", action="store_true", help="run nothing")
    arguments.add_argument("--into", type=pathlib.Path, default=pathlib.Path("results/gallery"), metavar="DIR")
    arguments.add_argument("--even-not-valid", action="store_true", help="keep runs whose figures cannot be relied on: to try this script")
    arguments.add_argument("--run-options", default="", metavar="TEXT", help="for dbbench run, for example '--rounds 3 --measure 300ms'")
    given = arguments.parse_args()
    workloads = {path.stem: path for path in sorted(pathlib.Path("workloads").glob("*.toml"))}
    unknown = [name for name in given.only or () if name not in workloads]
    if unknown:
        raise Refused(f"there is no workload {', '.join(unknown)}; there are {', '.join(workloads)}")
    given.into.mkdir(parents=True, exist_ok=True)
    failed = []
    for name in () if given.table else given.only or workloads:
        print(f"{name} …", flush=True)
        failed.append(run(workloads[name], given.into, given.run_options.split(), given.even_not_valid))
    failed = list(filter(None, failed))
    fit(given.into)
    table(given.into)
    for reason in failed:
        print(f"error: {reason}; what was there before stays", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Refused, OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"error: {error}")
