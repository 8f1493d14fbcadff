"""Compares the percentiles of a result's histograms.hlog, as a public HDR reader finds them, with its summary.json.

Exits 1 if a count or a percentile differs by more than the resolution of three significant digits.
"""

import json
import sys
from pathlib import Path

from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader

LOWEST_NS, HIGHEST_NS, DIGITS = 1, 3_600_000_000_000, 3
PERCENTILES = {"p50": 50.0, "p90": 90.0, "p95": 95.0, "p99": 99.0, "p999": 99.9}
KINDS = {"response": "response_us", "service": "service_us"}
RESOLUTION = 0.0015


def merged(log: Path, left_out: set[tuple[str, str]]) -> dict[tuple[str, str, str], HdrHistogram]:
    """Counts by (variant, operation, kind); operation `*` is the whole mix. Rounds that the result leaves out stay out."""
    histograms: dict[tuple[str, str, str], HdrHistogram] = {}
    reader = HistogramLogReader(str(log), HdrHistogram(LOWEST_NS, HIGHEST_NS, DIGITS))
    while True:
        interval = reader.get_next_interval_histogram()
        if interval is None:
            return histograms
        variant, operation, kind, _point, round_ = interval.get_tag().split("/")
        if (variant, round_) in left_out:
            continue
        for key in ((variant, operation, kind), (variant, "*", kind)):
            histograms.setdefault(key, HdrHistogram(LOWEST_NS, HIGHEST_NS, DIGITS)).add(interval)


def main() -> int:
    result = Path(sys.argv[1])
    summary = json.loads((result / "summary.json").read_text())
    slices = [json.loads(line) for line in (result / "slices.jsonl").read_text().splitlines()]
    left_out = {(s["variant"], f"r{s['round']}") for s in slices if not s["valid"]}
    histograms = merged(result / "histograms.hlog", left_out)
    compared, wrong = 0, []
    for variant in summary["variants"]:
        parts = [("*", variant["mix"])] + [(o["name"], o) for o in variant["operations"]]
        for operation, figures in parts:
            for kind, field in KINDS.items():
                histogram = histograms.get((variant["name"], operation, kind))
                if histogram is None:
                    wrong.append(f"{variant['name']}/{operation}/{kind}: no line in the log")
                    continue
                if histogram.get_total_count() != figures["succeeded"]:
                    wrong.append(f"{variant['name']}/{operation}/{kind}: {histogram.get_total_count()} values, "
                                 f"{figures['succeeded']} succeeded")
                for name, percentile in PERCENTILES.items():
                    ours = figures[field][name]
                    if ours is None:
                        continue
                    theirs = histogram.get_value_at_percentile(percentile) / 1000.0
                    compared += 1
                    if abs(theirs - ours) > RESOLUTION * ours:
                        wrong.append(f"{variant['name']}/{operation}/{kind} {name}: log {theirs} µs, summary {ours} µs")
    for line in wrong:
        print(f"error: {line}", file=sys.stderr)
    if compared == 0:
        print("error: the summary holds no percentile to compare", file=sys.stderr)
        return 1
    print(f"{compared} percentiles compared, {len(wrong)} differ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
