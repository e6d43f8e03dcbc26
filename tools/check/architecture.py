#!/usr/bin/env python3
"""The architecture test: who may include what.

Reads the module list in src/CMakeLists.txt and fails on an include that DEPS does not allow, on a reach into another
module's detail/, on a third-party header outside its home, and on a cycle. Prints one line a violation.
"""
import re
import sys
from pathlib import Path

# Header prefix -> modules that are its home. `net*` means net and every module that depends on it.
HOMES = {
    "boost/asio": {"net*"},
    "boost/": {"net"},
    "nghttp2/": {"net"},
    "openssl/": {"net", "store"},
    "sqlite3": {"store"},
    "libstemmer": {"store"},
    "nlohmann/": {"base"},
    "toml++/": {"base"},
    "CLI/": {"server"},
    "unicode/": {"store", "engine", "web"},
    "curl/": {"web"},
    "brotli/": {"web"},
    "zlib.h": {"web"},
    "zstd.h": {"web"},
    "gumbo": {"web"},
    "uchardet": {"web"},
    "re2/": {"web", "flow"},
    "cuda": {"engine"},
    "grpc": {"gateway", "cluster"},
    "google/protobuf": {"gateway", "cluster"},
}
# Headers of our own outside src/ -> who may include them.
OUTSIDE = {"console/assets.h": {"gateway", "server"}, "docs/pages.h": {"gateway", "server"}}


def read_modules(cmake: str) -> dict[str, list[str]]:
    modules = {}
    for name, rest in re.findall(r"^seine_module\((\w+)([^)]*)\)", cmake, re.M):
        deps = re.search(r"\bDEPS((?:\s+[a-z_]+)+)", rest)
        modules[name] = deps.group(1).split() if deps else []
    return modules


def find_cycle(modules: dict[str, list[str]]) -> list[str] | None:
    state: dict[str, int] = {}

    def visit(name: str, path: list[str]) -> list[str] | None:
        if state.get(name) == 2:
            return None
        if state.get(name) == 1:
            return path + [name]
        state[name] = 1
        for dep in modules.get(name, []):
            cycle = visit(dep, path + [name])
            if cycle:
                return cycle
        state[name] = 2
        return None

    for name in modules:
        cycle = visit(name, [])
        if cycle:
            return cycle
    return None


def check_file(path: Path, module: str, modules: dict[str, list[str]]) -> list[str]:
    problems = []
    allowed = {module, *modules[module]}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*(["<])([^">]+)[">]', line)
        if not match:
            continue
        quoted, header = match.group(1) == '"', match.group(2)
        if quoted:
            owner = header.split("/")[0]
            if module in OUTSIDE.get(header, ()):
                continue
            if owner not in modules:
                problems.append(f'{path}:{number}: "{header}" is in no module; write module/file.h')
            elif owner not in allowed:
                problems.append(f"{path}:{number}: {module} may not include {owner} (DEPS: {', '.join(modules[module])})")
            elif "/detail/" in header and owner != module:
                problems.append(f"{path}:{number}: {header} is {owner}'s own; ask for a public header")
            continue
        for prefix, homes in HOMES.items():
            if not header.startswith(prefix):
                continue
            at_home = module in homes or any(h.endswith("*") and h[:-1] in allowed for h in homes)
            if not at_home:
                problems.append(f"{path}:{number}: <{header}> belongs to {', '.join(sorted(homes))}, not {module}")
            break
    return problems


def check(root: Path) -> list[str]:
    modules = read_modules((root / "src/CMakeLists.txt").read_text(encoding="utf-8"))
    if not modules:
        return ["src/CMakeLists.txt: no seine_module lines"]
    problems = []
    cycle = find_cycle(modules)
    if cycle:
        problems.append(f"src/CMakeLists.txt: modules depend on each other: {' -> '.join(cycle)}")
    for folder in sorted((root / "src").iterdir()):
        if not folder.is_dir():
            continue
        if folder.name not in modules:
            problems.append(f"{folder}: no seine_module line in src/CMakeLists.txt")
            continue
        if not (folder / "README.md").exists():
            problems.append(f"{folder}: a module has a README.md")
        for path in sorted(folder.rglob("*")):
            if path.suffix in (".h", ".cc", ".cu", ".cuh"):
                problems += check_file(path, folder.name, modules)
    return problems


if __name__ == "__main__":
    found = check(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
    print("\n".join(found))
    sys.exit(1 if found else 0)
