#!/usr/bin/env python3
"""The style test: what a machine can tell about how our code reads.

File names, header guards and head comments, banned calls (each with what to use instead), open ends without a record, names
that must not appear, and the size of what is tracked. Prints one line a violation.
"""
import re
import subprocess
import sys
from pathlib import Path

TRACKED_BYTES_MAX = 55_000_000
FILE_BYTES_MAX = 1_000_000  # outside models/
LINES_MAX = 700  # of one source file; past 400 it is usually two ideas

CXX = (".h", ".cc", ".cu", ".cuh")

# (pattern, where it is allowed, what to use instead)
BANNED = [
    (r"\bstd::regex\b", (), "RE2, or a scanner of your own: std::regex overflows the stack on long input"),
    (r"\bstd::(cout|cerr|clog)\b", ("src/server/", "bench/", "tests/"), "base::Logger, or server/terminal.h for people"),
    (r"(?<![\w:])(printf|puts|sprintf|strcpy|strcat|gets|strtok|atoi|atof|system|popen)\s*\(", ("bench/", "tests/"),
     "fmt::format and the parsers of base/text.h"),
    (r"\bstd::random_device\b|(?<![\w:.>])s?rand\s*\(", (), "base::Random, passed in"),
    (r"\bsystem_clock::now\b", ("src/base/clock.h",), "base::Clock, passed in"),
    (r"\bthis_thread::sleep_(for|until)\b|(?<![\w:.>])u?sleep\s*\(", ("bench/",), "a condition or a timer: sleeping hides races"),
    (r"\busing namespace std\s*;", (), "the names themselves"),
    (r"\.detach\(\)", (), "a thread with an owner that joins it"),
    (r"\bconst_cast<", ("src/store/", "src/net/"), "a better type"),
    (r"\bassert\s*\(", (), "SEINE_ASSERT, which also holds in release builds"),
    (r"#\s*include\s*<(iostream)>", ("bench/", "tests/"), "fmt"),
]
OPEN_END = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
# Private addresses of a workplace have no place in a public project.
FORBIDDEN = re.compile(r"(?<![\w/.])/work/|/root/\.|registry\.npmjs\.org|deb\.debian\.org|pypi\.org/simple")


def tracked(root: Path) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=root, check=True, capture_output=True)
    return [root / name for name in listed.stdout.decode().split("\0") if name and (root / name).is_file()]


def check_name(path: Path, relative: str) -> list[str]:
    if path.suffix in CXX and not re.fullmatch(r"[a-z0-9_]+\.(h|cc|cu|cuh)", path.name):
        return [f"{relative}: source files are named in snake_case"]
    return []


def check_source(relative: str, text: str) -> list[str]:
    problems = []
    lines = text.splitlines()
    if len(lines) > LINES_MAX and not relative.endswith(("_test.cc", "_table.cc")):
        problems.append(f"{relative}: {len(lines)} lines, the limit is {LINES_MAX}: split it by idea")
    if relative.endswith(".h"):
        if not lines or not lines[0].startswith("//"):
            problems.append(f"{relative}:1: a header starts with what it is, who owns it, which thread it lives on")
        if "#pragma once" not in text:
            problems.append(f"{relative}: #pragma once is missing")
    for number, line in enumerate(lines, 1):
        code = re.sub(r'"(?:[^"\\]|\\.)*"', '""', line).split("//")[0]
        for pattern, allowed, instead in BANNED:
            if re.search(pattern, code) and not relative.startswith(allowed):
                problems.append(f"{relative}:{number}: {re.search(pattern, code).group(0).strip()} — use {instead}")
    return problems


def check_text(relative: str, text: str) -> list[str]:
    problems = []
    for number, line in enumerate(text.splitlines(), 1):
        if OPEN_END.search(line) and "docs/decisions/" not in line and not relative.startswith("tools/check/"):
            problems.append(f"{relative}:{number}: an open end needs its record: name docs/decisions/NNN or finish it")
        if FORBIDDEN.search(line) and not relative.startswith("tools/check/"):
            problems.append(f"{relative}:{number}: names a private place: {FORBIDDEN.search(line).group(0)}")
    return problems


def check(root: Path) -> list[str]:
    problems = []
    total = 0
    for path in tracked(root):
        relative = path.relative_to(root).as_posix()
        size = path.stat().st_size
        total += size
        if size > FILE_BYTES_MAX and not relative.startswith("models/"):
            problems.append(f"{relative}: {size:,} bytes, the limit for one file is {FILE_BYTES_MAX:,}")
        problems += check_name(path, relative)
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if path.suffix in CXX:
            problems += check_source(relative, text)
        if path.suffix not in (".lock",) and path.name != "package-lock.json" and size < FILE_BYTES_MAX:
            problems += check_text(relative, text)
    if total > TRACKED_BYTES_MAX:
        problems.append(f"tracked files hold {total:,} bytes, the limit is {TRACKED_BYTES_MAX:,}")
    return problems


if __name__ == "__main__":
    found = check(Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve())
    print("\n".join(found))
    sys.exit(1 if found else 0)
