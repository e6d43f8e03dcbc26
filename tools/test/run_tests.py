#!/usr/bin/env python3
"""Builds and runs the suites of ./test and adds up what they say.

A suite is a function that returns Counts. Each prints one line when it is done and the names of what failed; the last line of
all is `N passed, N failed`. The exit status is 1 if anything failed.
"""
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
JOBS = os.cpu_count() or 2
FUZZ_RUNS = 2000  # a target; longer by hand: cmake --preset fuzz
FUZZ_SECONDS = 8
# Under the thread sanitizer, of a module most of whose tests are arithmetic on one thread: those that share things between threads.
THREADED_TESTS = {"seine_engine_test": "GrammarMachine.*:Scheduler*:ThreadPool.*:Mtp*:Radix*:*Call*:TextDecoder.*:Span*:Output*:Kv*:Engine.*:Calibrated*"}


SYMBOLIZER = "/usr/lib/llvm-19/bin/llvm-symbolizer"
# Not under the sanitizers: the whole small model by the plain kernels takes them minutes, and Golden.* walks the same code with tiny models.
SANITIZED_WITHOUT = "SeineMini.*:*/SeineMiniRow.*"
# Not under the thread sanitizer: long work of one thread, where there is nothing for it to find.
ONE_THREAD = "Sanitizer.SoupIsAFixedPoint:Decoder.StopsBombsInEachCoding"


class Slots:
    """A semaphore that lets in who has waited longest, so that no lane waits for the end of the other's pool."""

    def __init__(self, free: int) -> None:
        self.free = free
        self.waiting: deque[threading.Event] = deque()
        self.lock = threading.Lock()

    def __enter__(self) -> None:
        with self.lock:
            if self.free > 0:
                self.free -= 1
                return
            turn = threading.Event()
            self.waiting.append(turn)
        turn.wait()

    def __exit__(self, *_: object) -> None:
        with self.lock:
            if self.waiting:
                self.waiting.popleft().set()
            else:
                self.free += 1


SLOTS = Slots(JOBS)  # commands at once


@dataclass
class Counts:
    passed: int = 0
    failed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def add(self, other: "Counts") -> None:
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped


def run(command: list[str], limit_s: int, env: dict[str, str] | None = None, cwd: Path = ROOT, waits: bool = False) -> tuple[int, str]:
    """Exit status and output. One that mostly waits takes no slot from those that compute."""
    try:
        with nullcontext() if waits else SLOTS:
            done = subprocess.run(command, cwd=cwd, env={**os.environ, **(env or {})}, timeout=limit_s, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        return done.returncode, done.stdout
    except subprocess.TimeoutExpired as expired:
        text = expired.stdout or b""
        return 124, (text.decode(errors="replace") if isinstance(text, bytes) else text) + f"\nstopped after {limit_s} s"
    except FileNotFoundError as missing:
        return 127, str(missing)


# A sanitizer's report says first what was accessed and where.
REPORT = re.compile(r"ERROR: \w+Sanitizer|WARNING: \w+Sanitizer|runtime error: ")


def tail(text: str, lines: int = 40) -> str:
    report = REPORT.search(text)
    shown = text[report.start():].splitlines()[:100] if report else text.splitlines()[-lines:]
    return "\n".join("    " + line for line in shown)


BUILDING = threading.Lock()
BUILT: dict[tuple[str, ...], str | None] = {}


def build(preset: str, targets: list[str] | None = None) -> str | None:
    """Nothing when it worked, else the compiler's words. One build at a time, for each takes all processors, and each once."""
    wanted = (preset, *(targets or []))
    if wanted not in BUILT:
        with BUILDING:
            if wanted not in BUILT:
                BUILT[wanted] = build_alone(preset, targets)
    return BUILT[wanted]


def build_alone(preset: str, targets: list[str] | None) -> str | None:
    folder = ROOT / "build" / preset
    cache = folder / "CMakeCache.txt"
    with_tests = cache.exists() and "SEINE_BUILD_TESTS:BOOL=ON" in cache.read_text()
    if not with_tests or not (folder / "build.ninja").exists():
        bench = "ON" if preset == "release" else "OFF"
        status, output = run(["cmake", "--preset", preset, "-DSEINE_BUILD_TESTS=ON", f"-DSEINE_BUILD_BENCH={bench}"], 300)
        if status != 0:
            return output
    command = ["cmake", "--build", "--preset", preset]
    if targets:
        command += ["--target", *targets]
    status, output = run(command, 3000)
    if status == 0:
        return None
    errors = [line for line in output.splitlines() if "error" in line.lower() or "FAILED" in line]
    return "\n".join(errors[:40]) or output


def built(preset: str, pattern: str) -> list[Path]:
    return sorted(path for path in (ROOT / "build" / preset).glob(pattern) if path.is_file() and os.access(path, os.X_OK))


def google_test(path: Path, env: dict[str, str], limit_s: int, chosen: str = "*") -> Counts:
    report = path.with_suffix(".json")
    report.unlink(missing_ok=True)
    status, output = run([str(path), "--gtest_brief=1", f"--gtest_output=json:{report}", f"--gtest_filter={chosen}"], limit_s, env)
    counts = Counts()
    try:
        suites = json.loads(report.read_text())["testsuites"]
    except (OSError, ValueError):
        print(f"  {path.name}: ended without a report (status {status})\n{tail(output)}")
        counts.failed.append(path.name)
        return counts
    for suite in suites:
        for test in suite["testsuite"]:
            name = f"{path.name} {suite['name']}.{test['name']}"
            if test.get("failures"):
                counts.failed.append(name)
                print(f"  FAILED {name}\n{tail(test['failures'][0]['failure'], 12)}")
            elif test.get("result") == "SKIPPED":
                counts.skipped.append(name)
            else:
                counts.passed += 1
    if status != 0 and not counts.failed:
        counts.failed.append(f"{path.name} (status {status})")
        print(f"  {path.name}: status {status} after its tests\n{tail(output)}")
    return counts


def test_environment() -> dict[str, str]:
    symbolizer = f"external_symbolizer_path={SYMBOLIZER}"
    env = {"ASAN_OPTIONS": f"detect_leaks=1:abort_on_error=0:{symbolizer}", "UBSAN_OPTIONS": f"print_stacktrace=1:{symbolizer}",
           "TSAN_OPTIONS": f"halt_on_error=1:second_deadlock_stack=1:{symbolizer}"}
    shared = os.environ.get("SEINE_SHARED", str(ROOT.parent / "shared"))
    if Path(shared).is_dir():
        env["SEINE_SHARED"] = shared
    return env


def chosen_tests(preset: str, program: str) -> str:
    if preset == "release":
        return "*"
    if preset == "tsan":
        return f"{THREADED_TESTS.get(program, '*')}-{SANITIZED_WITHOUT}:{ONE_THREAD}"
    return f"*-{SANITIZED_WITHOUT}"


def unit_tests(preset: str) -> Counts:
    problem = build(preset, None if preset == "release" else ["seine_tests"])
    if problem is not None:
        print(f"  the {preset} build failed\n{tail(problem)}")
        return Counts(failed=[f"{preset} build"])
    tests = built(preset, "src/seine_*_test") + built(preset, "seine_*_test")
    tests.sort(key=lambda path: path.stat().st_size, reverse=True)  # the long ones first, so that none is left for the end
    counts = Counts()
    if not tests:
        counts.failed.append(f"{preset}: no test programs")
    with ThreadPoolExecutor(JOBS) as pool:
        for result in pool.map(lambda t: google_test(t, test_environment(), 900, chosen_tests(preset, t.name)), tests):
            counts.add(result)
    return counts


def suite_style() -> Counts:
    counts = Counts()
    for script in ("architecture.py", "style.py", "translations.py"):
        status, output = run([sys.executable, f"tools/check/{script}"], 120)
        if status == 0:
            counts.passed += 1
        else:
            counts.failed.append(script)
            print(tail(output, 60))
    files = [str(p) for p in sorted((ROOT / "src").rglob("*")) if p.suffix in (".h", ".cc")]
    status, output = run(["clang-format-19", "--dry-run", "--Werror", *files], 300)
    if status == 0:
        counts.passed += 1
    else:
        bad = sorted({line.split(":")[0] for line in output.splitlines() if "error:" in line})
        counts.failed.append("clang-format: clang-format-19 -i " + " ".join(os.path.relpath(b, ROOT) for b in bad[:20]))
    return counts


@dataclass
class Unit:
    """What the compiler sees at once: one source, or up to ten of a module together."""
    path: str
    sources: list[str]
    flags: list[str]


def compile_units() -> list[Unit]:
    """The units of the release build with their flags, without the precompiled header."""
    units = []
    for entry in json.loads((ROOT / "build/release/compile_commands.json").read_text()):
        words = entry["command"].split()
        kept, skip = [], False
        for i, word in enumerate(words):
            if skip:
                skip = False
                continue
            if word == "-isystem":
                kept += [word, words[i + 1]]
                skip = True
                continue
            if word in ("-o", "-c", "-MT", "-MF", "-include", "-include-pch"):
                skip = True
                continue
            if word == "-Xclang" and i + 1 < len(words):
                # -Xclang X, where X is -include-pch, -include or a file for one of them
                skip = True
                continue
            if word.startswith(("-I", "-D", "-isystem", "-std", "-m", "-W", "-O", "-f")) and word != "-fno-pch-timestamp":
                kept.append(word)
        sources = [entry["file"]]
        if "/Unity/unity_" in entry["file"]:
            sources = re.findall(r'^#include "(.*)"$', Path(entry["file"]).read_text(), re.M)
        units.append(Unit(entry["file"], sources, kept))
    return units


def compile_flags() -> dict[str, list[str]]:
    """Each source file's flags."""
    return {source: unit.flags for unit in compile_units() for source in unit.sources}


# Libraries whose headers ours name, as Clang modules. With them what their headers share behind `#pragma once`.
LIBRARY_HEADERS = r"^#include <((?:fmt|boost/asio|nlohmann|openssl|gtest)/.+)>"
SHARED_HEADERS = ("nlohmann/detail/abi_macros.hpp",)


def modules_of(headers: list[Path], folder: Path) -> list[str]:
    """Flags under which the standard library, the libraries that our headers name, and our headers (`seine`) are Clang modules.

    Each header is read once and still sees only what it includes itself (of Asio and OpenSSL all or nothing). Nothing where that does not work.
    """
    folder.mkdir(parents=True, exist_ok=True)
    named = sorted({name for header in headers for name in re.findall(LIBRARY_HEADERS, header.read_text(), re.M)} | set(SHARED_HEADERS))
    every = folder / "every.h"
    every.write_text("".join(f"#include <{name}>\n" for name in ["vector", *named]))
    status, output = run(["clang++-19", "-std=c++23", "-x", "c++-header", "-M", str(every)], 120)
    if status != 0:
        return []
    files = re.findall(r"(/\S+)", output)
    where = {name: min((file for file in files if file.endswith("/" + name)), key=len) for name in ["vector", *named]}
    # All of the standard library, for its headers need each other; without those that have no guard, are deprecated or need TBB.
    std = [f for f in Path(where["vector"]).parent.iterdir()
           if f.is_file() and not f.suffix and f.name not in ("cassert", "ccomplex", "ciso646", "cstdalign", "cstdbool", "ctgmath", "execution")]
    lines = []
    for library in ("boost", "openssl"):
        lines += [f"module {library} [system] {{", *(f'  header "{where[n]}"' for n in named if n.startswith(library + "/")), "  export *", "}"]
    parts = {library: {n: where[n] for n in named if n.startswith(library + "/")} for library in ("fmt", "nlohmann", "gtest")}
    parts["std"] = {f.name: str(f) for f in sorted(std)}
    for library, its in parts.items():
        lines += [f"module {library} [system] {{", *(f'  module "{name}" {{ header "{path}" export * }}' for name, path in its.items()), "}"]
    lines += ["module seine {", *(f'  module "{h.relative_to(ROOT)}" {{ header "{h}" export * }}' for h in headers), "}"]
    (folder / "module.modulemap").write_text("\n".join(lines) + "\n")
    # Clang 19 forgets inside a module that C++ has hexadecimal floating literals.
    return ["-fmodules", "-fno-implicit-module-maps", f"-fmodule-map-file={folder}/module.modulemap", f"-fmodules-cache-path={folder}/cache",
            "-Xclang", "-fmodules-local-submodule-visibility", "-Wno-modules-ambiguous-internal-linkage", "-Wno-c++17-extensions"]


def suite_headers() -> Counts:
    """Every header compiles on its own."""
    problem = build("release")
    if problem is not None:
        print(tail(problem))
        return Counts(failed=["release build"])
    flags: dict[str, list[str]] = {}
    for path, words in compile_flags().items():
        module = os.path.relpath(path, ROOT / "src").split("/")[0]
        flags.setdefault(module, [w for w in words if w != "-O2"] + ["-Wno-pragma-once-outside-header", "-Wno-unused"])
    headers = sorted((ROOT / "src").rglob("*.h"))

    # All of them as parts of one module. That only saves time: where it fails, each alone is what counts.
    folder = ROOT / "build/headers"
    modules = modules_of(headers, folder)
    (folder / "all.cc").write_text('#include "base/error.h"\n')
    if modules and run(["clang++-19", "-fsyntax-only", *flags["server"], *modules, str(folder / "all.cc")], 300)[0] == 0:
        return Counts(passed=len(headers))

    def check(header: Path) -> str | None:
        words = flags.get(header.relative_to(ROOT / "src").parts[0], [])
        status, output = run(["clang++-19", "-fsyntax-only", "-x", "c++-header", *words, str(header)], 120)
        return None if status == 0 else f"{header.relative_to(ROOT)}\n{tail(output, 8)}"

    counts = Counts()
    with ThreadPoolExecutor(JOBS) as pool:
        for problem in pool.map(check, headers):
            if problem is None:
                counts.passed += 1
            else:
                counts.failed.append("header " + problem.splitlines()[0])
                print("  " + problem)
    return counts


def suite_tidy() -> Counts:
    """clang-tidy with the checks of .clang-tidy, all of which are errors, over every source that is not a test."""
    if not (ROOT / "build/release/compile_commands.json").exists():
        problem = build("release")
        if problem is not None:
            return Counts(failed=["release build"])
    units = [u for u in compile_units() if all(re.match(re.escape(str(ROOT)) + r"/src/(?!.*_(test|fuzz|bench)\.cc$)", source) for source in u.sources)]
    units.sort(key=lambda u: len(u.sources), reverse=True)  # the long ones first, so that no processor waits at the end

    def check(unit: Unit) -> str | None:
        words = [w for w in unit.flags if not w.startswith("-W")]
        status, output = run(["clang-tidy-19", "--quiet", unit.path, "--", *words], 600)
        if status == 0:
            return None
        return "\n".join(line for line in output.splitlines() if " error: " in line or " warning: " in line) or output[-500:]

    counts = Counts()
    with ThreadPoolExecutor(JOBS) as pool:
        for unit, problem in zip(units, pool.map(check, units)):
            if problem is None:
                counts.passed += 1
            else:
                counts.failed.append("tidy " + os.path.relpath(unit.sources[0], ROOT) + (" and its neighbours" if len(unit.sources) > 1 else ""))
                print(tail(problem, 10))
    return counts


def suite_unit() -> Counts:
    return unit_tests("release")


def suite_asan() -> Counts:
    return unit_tests("asan")


def suite_tsan() -> Counts:
    return unit_tests("tsan")


def suite_fuzz() -> Counts:
    problem = build("asan", ["seine_tests"])
    if problem is not None:
        print(f"  the asan build failed\n{tail(problem)}")
        return Counts(failed=["asan build"])

    def fuzz(path: Path) -> tuple[str, str | None]:
        seeds = ROOT / "tests/fuzz_seeds" / path.name.removeprefix("fuzz_")
        corpus = ROOT / "build/asan/corpus" / path.name
        corpus.mkdir(parents=True, exist_ok=True)
        command = [str(path), f"-runs={FUZZ_RUNS}", f"-max_total_time={FUZZ_SECONDS}", "-seed=1", "-max_len=4096", "-timeout=20",
                   "-rss_limit_mb=4096", "-print_final_stats=0", f"-artifact_prefix={corpus}/", str(corpus)]
        if seeds.is_dir():
            command.append(str(seeds))
        status, output = run(command, 180, test_environment())
        return path.name, None if status == 0 else output

    counts = Counts()
    with ThreadPoolExecutor(JOBS) as pool:
        for name, problem in pool.map(fuzz, built("asan", "src/fuzz_*")):
            if problem is None:
                counts.passed += 1
            else:
                counts.failed.append(name)
                print(f"  FAILED {name}\n{tail(problem, 30)}")
    return counts


def suite_system() -> Counts:
    """The real binary with real clients: each tests/system/*_test.py is a unittest file."""
    problem = build("release")
    if problem is not None:
        print(f"  the release build failed\n{tail(problem)}")
        return Counts(failed=["release build"])
    counts = Counts()
    for path in sorted((ROOT / "tests/system").glob("*_test.py")):
        status, output = run([sys.executable, str(path), "-v"], 900, test_environment(), waits=True)
        ran = 0
        for name, verdict in re.findall(r"^(\w+) \(.*?\).*?\.\.\. (?:.*?)(ok|FAIL|ERROR|skipped.*)$", output, re.M | re.S):
            ran += 1
            if verdict == "ok":
                counts.passed += 1
            elif verdict.startswith("skipped"):
                counts.skipped.append(f"{path.name} {name}")
            else:
                counts.failed.append(f"{path.name} {name}")
        if status != 0:
            print(f"  {path.name}\n{tail(output, 60)}")
            if not any(f.startswith(path.name) for f in counts.failed):
                counts.failed.append(path.name)
        elif ran == 0:
            counts.failed.append(f"{path.name} ran no test")
    return counts


def use_newer_node() -> None:
    """Vite and the client libraries want Node.js 20.19 or newer, Debian 12 has 18: then the npm package that builds the console there
    (cmake/console.cmake) runs its tests too."""
    status, version = run(["node", "-p", "process.versions.node"], 20)
    if status != 0 or tuple(int(n) for n in version.strip().split(".")[:2]) >= (20, 19):
        return
    status, output = run(["npx", "--yes", "--package=node@22", "--", "node", "-p", "process.execPath"], 300)
    if status == 0:
        os.environ["PATH"] = f"{Path(output.strip().splitlines()[-1]).parent}:{os.environ['PATH']}"
    else:
        print(f"  Node.js {version.strip()} is old and the npm package node@22 could not be had\n{tail(output, 5)}")


def suite_console() -> Counts:
    status, output = run(["node", "--version"], 20)
    if status != 0:
        return Counts(skipped=["console: no Node.js"])
    if not (ROOT / "console/node_modules").is_dir():
        status, output = run(["npm", "ci", "--no-audit", "--no-fund"], 600, cwd=ROOT / "console")
        if status != 0:
            print(tail(output))
            return Counts(failed=["console: npm ci"])
    status, output = run(["npm", "test"], 900, cwd=ROOT / "console", waits=True)
    found = re.findall(r"^(\d+) passed, (\d+) failed", output, re.M)
    if not found or (status != 0 and found[-1][1] == "0"):
        print(tail(output))
        return Counts(failed=["console: npm test"])
    named = [f"console: {name}" for name in re.findall(r"^FAILED: (.*)", output, re.M)]
    if status != 0:
        print(tail(output[max(output.find("\nFAILED: "), 0):], 80))
    passed, failed = int(found[-1][0]), int(found[-1][1])
    return Counts(passed, named + ["console: a file that does not load"] * (failed - len(named)))


SCORER = ROOT / "build/release/tests/conformance/web/seine_web_conform"


def suite_conform() -> Counts:
    """Data sets of ../shared, each scored against its bar. A set that is known to miss its bar must keep its floor."""
    sets = json.loads((ROOT / "tests/conformance/floors.json").read_text())
    shared = test_environment().get("SEINE_SHARED")
    if shared is None:
        print("  skipped: no ../shared")
        return Counts(skipped=[f"conform {name}" for name in sets])
    problem = build("release")
    if problem is not None:
        return Counts(failed=["release build"])
    counts = Counts()
    for name, floors in sets.items():
        data = Path(shared) / "data" / name
        if not data.is_dir():
            counts.skipped.append(f"conform {name}: not in ../shared")
            continue
        status, output = run([str(SCORER), name.split("/", 1)[1], "--data", str(data), "--json"], 600)
        try:
            metrics = json.loads(output)["metrics"]
        except (ValueError, KeyError):
            counts.failed.append(f"conform {name}")
            print(f"  conform {name}: status {status}\n{tail(output, 5)}")
            continue
        short = [m for m in metrics if m.get("met") is False]
        lost = [m for m in short if m["name"] not in floors or m["value"] < floors[m["name"]]]
        for metric in short:
            print(f"  {'FAILED' if metric in lost else 'below its bar'}: {name} {metric['name']} {metric['value']:.4f}, bar {metric['bar']}")
        if lost:
            counts.failed.append(f"conform {name}")
        else:
            counts.passed += 1
    return counts


SUITES = {
    "style": suite_style,
    "unit": suite_unit,
    "system": suite_system,
    "conform": suite_conform,
    "console": suite_console,
    "headers": suite_headers,
    "tidy": suite_tidy,
    "asan": suite_asan,
    "fuzz": suite_fuzz,
    "tsan": suite_tsan,
}


# Suites of one lane follow each other; the lanes run beside each other, since most of the first waits for servers and pages
# while the others compile, and tests that wait leave processors to the third.
LANES = (("system", "console", "unit"), ("style", "headers", "tidy", "asan", "fuzz"), ("conform", "tsan"))
assert sorted(name for lane in LANES for name in lane) == sorted(SUITES)


def run_lane(names: list[str]) -> Counts:
    total = Counts()
    for name in names:
        start = time.monotonic()
        counts = SUITES[name]()
        total.add(counts)
        skipped = f", {len(counts.skipped)} skipped" if counts.skipped else ""
        print(f"{name}: {counts.passed} ok, {len(counts.failed)} bad{skipped} ({time.monotonic() - start:.0f} s)", flush=True)
    return total


def main(words: list[str]) -> int:
    if words == ["--list"]:
        print("\n".join(SUITES))
        return 0
    if words and words[0] == "conform" and len(words) > 1:
        problem = build("release", ["seine_web_conform"])
        if problem is not None:
            print(problem)
            return 1
        name = words[1].removeprefix("web/")
        return subprocess.run([str(SCORER), name, *words[2:]]).returncode
    unknown = [w for w in words if w not in SUITES]
    if unknown:
        print(f"no suite {unknown[0]}; there are: {', '.join(SUITES)}", file=sys.stderr)
        return 2
    chosen = words or list(SUITES)
    if {"console", "system"} & set(chosen):
        use_newer_node()
    total = Counts()
    with ThreadPoolExecutor(len(LANES)) as lanes:
        for counts in lanes.map(lambda lane: run_lane([name for name in chosen if name in lane]), LANES):
            total.add(counts)
    for name in total.skipped:
        print(f"skipped: {name}")
    for name in total.failed:
        print(f"failed: {name}")
    print(f"{total.passed} passed, {len(total.failed)} failed")
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
