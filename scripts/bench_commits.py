"""Compares the criterion benches of two commits, alternating (A B, B A, A B …).

One run of all benches of one commit gives a median per benchmark; a pair of runs, one of either commit and next to
each other in time, gives a ratio. The table shows the geometric mean of the ratios B / A and Student's t interval on
their logs: what the machine does over minutes concerns both sides of a pair alike.
"""

import argparse
import fcntl
import json
import math
import os
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile

CONFIDENCE = 0.95
# An interval over fewer pairs would say more about its formula than about the figures.
FEWEST_PAIRS = 3


class Refused(Exception):
    """What the user has to change."""


def t_cdf(t, degrees):
    """Student's t distribution function, by its series for whole degrees of freedom (Abramowitz and Stegun 26.7.3-4).

    >>> round(t_cdf(2.5706, 5), 4), round(t_cdf(12.7062, 1), 4), round(t_cdf(-4.3027, 2), 4)
    (0.975, 0.975, 0.025)
    """
    theta = math.atan(t / math.sqrt(degrees))
    cosine, sine = math.cos(theta), math.sin(theta)
    if degrees % 2 == 1:
        term, total = cosine, cosine if degrees > 1 else 0.0
        for k in range(3, degrees - 1, 2):
            term *= cosine * cosine * (k - 1) / k
            total += term
        both = 2 / math.pi * (theta + sine * total)
    else:
        term, total = 1.0, 1.0
        for k in range(2, degrees - 1, 2):
            term *= cosine * cosine * (k - 1) / k
            total += term
        both = sine * total
    return 0.5 + both / 2


def t_quantile(p, degrees):
    """Where the distribution function reaches p, for p above one half.

    >>> [round(t_quantile(0.975, n), 3) for n in (1, 2, 5, 9, 30)]
    [12.706, 4.303, 2.571, 2.262, 2.042]
    """
    low, high = 0.0, 1e6
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if t_cdf(middle, degrees) < p else (low, middle)
    return high


def ratio(pairs):
    """Geometric mean of b / a over pairs (a, b), and its interval; the interval is None below three pairs.

    >>> [round(x, 3) for x in ratio([(10, 9), (20, 20), (30, 33)])]
    [0.997, 0.777, 1.279]
    >>> ratio([(2, 1), (2, 1)])
    (0.5, None, None)
    """
    logs = [math.log(b / a) for a, b in pairs]
    mean = statistics.fmean(logs)
    if len(logs) < FEWEST_PAIRS:
        return math.exp(mean), None, None
    error = statistics.stdev(logs) / math.sqrt(len(logs))
    half = t_quantile(1 - (1 - CONFIDENCE) / 2, len(logs) - 1) * error
    return math.exp(mean), math.exp(mean - half), math.exp(mean + half)


def time_text(ns):
    """A time with a unit that suits it.

    >>> time_text(12.345), time_text(12345.6), time_text(9.99e6), time_text(3.2e9)
    ('12.3 ns', '12.3 µs', '9.99 ms', '3.20 s')
    """
    for unit, size in (("ns", 1), ("µs", 1e3), ("ms", 1e6)):
        if ns < 999.5 * size:
            return f"{ns / size:.3g} {unit}" if ns >= size * 0.01 else f"{ns / size:.2g} {unit}"
    return f"{ns / 1e9:.2f} s"


def verdict(low, high):
    """In words; what the interval does not exclude is not called a difference.

    >>> verdict(0.9, 0.95), verdict(1.1, 1.2), verdict(0.9, 1.1), verdict(None, None)
    ('faster', 'slower', '', '')
    """
    if low is None:
        return ""
    return "faster" if high < 1 else "slower" if low > 1 else ""


def git(*arguments, check=True):
    return subprocess.run(["git", *arguments], check=check, text=True, capture_output=True)


def resolve(name):
    """The commit that a name stands for."""
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_./@{}~^+-]*", name) or ".." in name:
        raise Refused(f"`{name}` does not name one commit: give a branch, a tag, a hash, or something like HEAD~2")
    found = git("rev-parse", "--verify", "--quiet", "--end-of-options", name + "^{commit}", check=False)
    if found.returncode != 0:
        raise Refused(f"there is no commit `{name}` in this repository: `git log --oneline --all` lists what there is")
    return found.stdout.strip()


def title(commit):
    return git("log", "-1", "--format=%h %s", commit).stdout.strip()


class Side:
    """One commit with a worktree of its own, its built benches, and what they measured."""

    def __init__(self, letter, commit, sources, target):
        self.letter, self.commit = letter, commit
        self.source, self.target = sources / letter, target / letter
        self.programs, self.runs = {}, []

    def check_out(self):
        git("worktree", "add", "--detach", "--force", str(self.source), self.commit)

    def criterion_benches(self):
        """Benches that criterion measures; others print figures of their own and want servers."""
        folder = self.source / "benches"
        files = sorted(folder.glob("*.rs")) + sorted(folder.glob("*/main.rs"))
        named = {path.stem if path.parent == folder else path.parent.name: path for path in files}
        return [name for name, path in named.items() if "criterion_main!" in path.read_text(encoding="utf-8")]

    def build(self, profile):
        names = self.criterion_benches()
        if not names:
            raise Refused(f"{self.letter} ({title(self.commit)}) has no criterion benches under benches/")
        print(f"building {', '.join(names)} of {self.letter}: {title(self.commit)}", file=sys.stderr, flush=True)
        command = ["cargo", "bench", "--quiet", "--locked", "--no-run", "--profile", profile]
        command += ["--message-format", "json-render-diagnostics"]
        for name in names:
            command += ["--bench", name]
        environment = {**os.environ, "CARGO_TARGET_DIR": str(self.target)}
        built = subprocess.run(command, cwd=self.source, env=environment, stdout=subprocess.PIPE, text=True)
        if built.returncode != 0:
            raise Refused(f"the benches of {self.letter} ({title(self.commit)}) do not build; see above")
        for line in built.stdout.splitlines():
            message = json.loads(line)
            # The program itself is built along with its benches.
            if message.get("reason") == "compiler-artifact" and "bench" in message["target"]["kind"]:
                self.programs[message["target"]["name"]] = message["executable"]

    def run(self, options, work):
        """Medians in ns by the names of the benchmarks."""
        home = pathlib.Path(tempfile.mkdtemp(dir=work))
        for name, program in sorted(self.programs.items()):
            command = [program, "--bench", "--noplot", *options]
            environment = {**os.environ, "CRITERION_HOME": str(home)}
            ran = subprocess.run(command, cwd=self.source, env=environment, text=True,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            if ran.returncode != 0:
                raise Refused(f"bench {name} of {self.letter} failed:\n{ran.stdout}")
        medians = {}
        for described in home.rglob("new/benchmark.json"):
            name = json.loads(described.read_text())["full_id"]
            estimates = json.loads((described.parent / "estimates.json").read_text())
            medians[name] = estimates["median"]["point_estimate"]
        shutil.rmtree(home)
        self.runs.append(medians)


def names_of(side):
    return {name for run in side.runs for name in run}


def table(a, b):
    """The lines of the table: benchmarks of both sides, then those that only one has."""
    both = sorted(names_of(a) & names_of(b))
    width = max((len(name) for name in both), default=0)
    lines = [f"{'benchmark':<{width}}  {'A':>9}  {'B':>9}   B / A   95 % interval"]
    for name in both:
        pairs = [(x[name], y[name]) for x, y in zip(a.runs, b.runs) if x.get(name) and y.get(name)]
        if not pairs:
            continue
        value, low, high = ratio(pairs)
        medians = [time_text(statistics.median(side)) for side in zip(*pairs)]
        interval = "too few pairs " if low is None else f"{low:.3f} to {high:.3f}"
        line = f"{name:<{width}}  {medians[0]:>9}  {medians[1]:>9}   {value:5.3f}   {interval}  {verdict(low, high)}"
        lines.append(line.rstrip())
    if both:
        by_chance = len(both) * (1 - CONFIDENCE)
        lines.append(f"{len(both)} benchmarks: of equal ones about {by_chance:.1f} would be called faster or slower by chance")
    for side, other in ((a, b), (b, a)):
        lines += [f"only in {side.letter}: {name}" for name in sorted(names_of(side) - names_of(other))]
    return lines


def compare(arguments, work):
    commits = [resolve(arguments.a), resolve(arguments.b)]
    top = pathlib.Path(git("rev-parse", "--show-toplevel").stdout.strip())
    if git("-C", str(top), "status", "--porcelain", "--untracked-files=no").stdout:
        print("note: changes that are not committed are not measured", file=sys.stderr)
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", top / "target")).resolve() / "bench-commits"
    target.mkdir(parents=True, exist_ok=True)
    with open(target / "lock", "w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused(f"another comparison is running (it holds {target / 'lock'}): wait until it has ended")
        sides = [Side(letter, commit, work, target) for letter, commit in zip("AB", commits)]
        try:
            for side in sides:
                side.check_out()
            for side in sides:
                side.build(arguments.profile)
            measure(arguments, sides, work)
        finally:
            for side in sides:
                git("worktree", "remove", "--force", str(side.source), check=False)
            git("worktree", "prune", check=False)
    for side in sides:
        print(f"{side.letter}: {title(side.commit)}")
    print(f"{arguments.pairs} alternating pairs, profile {arguments.profile}; medians, ratios of the pairs\n")
    print("\n".join(table(*sides)))


def measure(arguments, sides, work):
    seconds = arguments.seconds
    options = ["--measurement-time", str(seconds), "--warm-up-time", str(seconds / 2), "--sample-size", "20"]
    if arguments.filter:
        options.append(arguments.filter)
    for pair in range(arguments.pairs):
        for side in sides if pair % 2 == 0 else reversed(sides):
            print(f"pair {pair + 1} of {arguments.pairs}: {side.letter}", file=sys.stderr, flush=True)
            side.run(options, work)
    if not any(names_of(side) for side in sides):
        raise Refused(f"no benchmark of either commit matches `{arguments.filter}`")


def at_least_one(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {number}")
    return number


def positive(text):
    number = float(text)
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"must be above 0, got {text}")
    return number


def arguments_of(command_line):
    parser = argparse.ArgumentParser(prog="scripts/bench-commits", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("a", metavar="A", help="the commit that the other is compared with")
    parser.add_argument("b", metavar="B", help="the other commit; the same one shows what chance does")
    parser.add_argument("filter", nargs="?", help="benchmarks whose name matches")
    parser.add_argument("--pairs", type=at_least_one, default=6, help="pairs of runs (6)")
    parser.add_argument("--seconds", type=positive, default=1.0, help="measuring each benchmark in each run (1)")
    parser.add_argument("--profile", default="bench", help="how to build: `bench` as released, `ci` quicker (bench)")
    return parser.parse_args(command_line)


def main(command_line):
    arguments = arguments_of(command_line)
    os.chdir(pathlib.Path(__file__).resolve().parent.parent)
    # Whatever ends it, the worktrees go.
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda number, _: sys.exit(128 + number))
    try:
        with tempfile.TemporaryDirectory(prefix="bench-commits-") as work:
            compare(arguments, pathlib.Path(work))
    except Refused as refused:
        print(f"bench-commits: {refused}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
