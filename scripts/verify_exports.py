#!/usr/bin/env python3
"""Reads the exports of a result with independent readers, and compares their figures with those of summary.json.

usage: verify_exports.py RESULT_DIR EXPORTS_DIR (or scripts/verify-exports RESULT_DIR, which makes the exports)
"""
import csv
import json
import os
import sys
import xml.etree.ElementTree

from prometheus_client.openmetrics.parser import text_string_to_metric_families


def close(a, b):
    return abs(a - b) <= 1e-6 * max(abs(a), abs(b), 1e-9)


def verify_junit(path, summary):
    root = xml.etree.ElementTree.parse(path).getroot()
    suite, = root.findall("testsuite")
    cases = suite.findall("testcase")
    judged = len(summary["expectations"]) + len(summary["claims"]) + len(summary["checks"])
    assert len(cases) == judged + 1 + (summary["same_answer"] is not None), f"{len(cases)} cases"
    for name, element in [("tests", None), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")]:
        found = len(cases) if element is None else len(suite.findall(f"testcase/{element}"))
        assert int(suite.get(name)) == int(root.get(name)) == found, name
    assert suite.get("name") == summary["workload"]
    return f"{len(cases)} test cases"


def verify_openmetrics(path, summary):
    with open(path, encoding="utf-8") as file:
        families = {family.name: family for family in text_string_to_metric_families(file.read())}
    variants = {variant["name"]: variant["mix"] for variant in summary["variants"]}
    compared = 0
    for sample in families["dbbench_response_seconds"].samples:
        mix = variants[sample.labels["variant"]]
        times = mix["response_us"]
        if sample.name.endswith("_count"):
            expected = mix["succeeded"]
        elif sample.name.endswith("_sum"):
            expected = times["mean"] / 1e6 * mix["succeeded"]
        else:
            expected = times["p" + f"{float(sample.labels['quantile']) * 100:g}".replace(".", "")] / 1e6
        assert close(sample.value, expected), sample
        compared += 1
    assert compared, "no response times"
    return f"{len(families)} families, {compared} response times compared"


def verify_csv(path, summary):
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file, strict=True))
    for variant in summary["variants"]:
        row, = (row for row in rows if row["variant"] == variant["name"] and row["operation"] == "*")
        for figure, value in variant["mix"]["response_us"].items():
            text = row.get(f"response_us_{figure}", "")
            assert figure == "not_below" or (text == "" if value is None else close(float(text), value)), (figure, row)
    return f"{len(rows)} rows"


def verify_hgrm(folder, summary):
    compared = 0
    for variant in summary["variants"]:
        path = os.path.join(folder, f"{variant['name']}.hgrm")
        with open(path, encoding="utf-8") as file:
            lines = [line.split() for line in file if line.strip() and not line.startswith("#")][1:]
        values = {float(line[1]): float(line[0]) for line in lines}
        assert list(values) == sorted(values), "percentiles rise"
        p50 = variant["mix"]["response_us"]["p50"]
        if p50 is not None:
            assert abs(values[0.5] * 1e3 - p50) <= 1e-3, (path, values[0.5], p50)
            compared += 1
    return f"{len(os.listdir(folder))} files, {compared} medians compared"


def main():
    result, exports = sys.argv[1:]
    with open(os.path.join(result, "summary.json"), encoding="utf-8") as file:
        summary = json.load(file)
    verifiers = [("junit.xml", verify_junit), ("metrics.txt", verify_openmetrics), ("summary.csv", verify_csv),
                 ("hgrm", verify_hgrm)]
    for name, verify in verifiers:
        print(f"{name}: {verify(os.path.join(exports, name), summary)}")


main()
