#!/usr/bin/env python3
"""Reads histograms.hlog of a result folder with an independent reader (PyPI: hdrhistogram) and compares the percentiles
that it finds with those of summary.json.

usage: verify_hlog.py DIR (or scripts/verify-hlog DIR, which brings the reader)

Exits with 1 when a percentile differs by more than neighbouring ranks can: readers round the rank of a percentile
differently (up or to the nearest), and summary.json never states one above the exact maximum.
"""
import json
import os
import sys

from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader

KINDS = {"response_us": "response", "service_us": "service", "queue_us": "queue", "acquire_us": "acquire",
         "schedule_lag_us": "lag"}
PERCENTILES = {"p50": 50.0, "p90": 90.0, "p95": 95.0, "p99": 99.0, "p999": 99.9}


def merged(path, invalid):
    """The histograms of valid rounds, merged by variant, operation and kind."""
    reference = HdrHistogram(1, 3_600_000_000_000, 3)
    reader = HistogramLogReader(path, reference)
    found = {}
    while True:
        histogram = reader.get_next_interval_histogram()
        if histogram is None:
            return found
        variant, operation, kind, _point, round_ = histogram.get_tag().split("/")
        if (variant, int(round_[1:])) in invalid:
            continue
        digits = histogram.significant_figures
        key = (variant, operation, kind)
        found.setdefault(key, HdrHistogram(1, 3_600_000_000_000, digits)).add(histogram)


def near(histogram, percentile, stated_us, maximum_us):
    """Whether a rank next to that of the percentile has the stated value."""
    step = 100.0 / histogram.get_total_count()
    for rank in (percentile - step, percentile, percentile + step):
        value_us = histogram.get_value_at_percentile(max(0.0, min(100.0, rank))) / 1000.0
        if min(value_us, maximum_us) == stated_us:
            return True
    return False


def main(folder):
    with open(os.path.join(folder, "summary.json"), encoding="utf-8") as file:
        summary = json.load(file)
    invalid = {(slice_["variant"], slice_["round"]) for slice_ in summary["left_out"]}
    histograms = merged(os.path.join(folder, "histograms.hlog"), invalid)
    compared = wrong = 0
    for variant in summary["variants"]:
        for operation in variant["operations"]:
            if operation["censored"] > 0:
                continue  # Censored operations rank above all, and a histogram does not know them.
            for field, kind in KINDS.items():
                figures = operation[field]
                for name, percentile in PERCENTILES.items():
                    if figures[name] is None:
                        continue
                    key = (variant["name"], operation["name"], kind)
                    compared += 1
                    if key not in histograms or not near(histograms[key], percentile, figures[name], figures["max"]):
                        wrong += 1
                        read = histograms[key].get_value_at_percentile(percentile) / 1000.0 if key in histograms else None
                        print(f"{'/'.join(key)} {name}: summary.json {figures[name]} us, log {read} us", file=sys.stderr)
    print(f"{compared} percentiles compared, {wrong} differ")
    return 1 if wrong or not compared else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
