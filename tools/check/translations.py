#!/usr/bin/env python3
"""The translation test: every message that an error of ours is made with has its Chinese form.

Reads the messages from the sources of MODULES (what fail, fail_field, fail_verdict, verdict_error, body_fault, a search provider's
failed and a written-out Error are given) and compares them with src/base/detail/sentences*.cc. A message of any other module may be missing there:
base::error_text then shows it behind the words for its code. Prints one line for each message that is missing; --all those of every module,
and the phrases that nobody says any more.
"""
import re
import sys
from pathlib import Path

MODULES = ("base", "store", "net", "llm", "remote", "web", "answer", "gateway", "server")
PHRASES = ("src/base/detail/sentences.cc", "src/base/detail/sentences_engine.cc", "src/base/detail/sentences_web.cc")
MAKERS = re.compile(r"\b(?:fail|fail_field|fail_verdict|verdict_error|body_fault|failed)\s*\(|\{(?=\s*(?:base::)?Code::k)")
STRINGS = re.compile(r'(?:"(?:[^"\\]|\\.)*"\s*)+')
FIRST = re.compile(r"(?:Code|Verdict|SearchFailure)::k|^(?:code|error|verdict|\d{3})\b")
# Parts that a message is composed of by hand, beside those that the makers are given.
PARTS = (
    "it gave no reason", "a string", "a number", "a number that does not fit", "an integer", "a boolean", "an array", "an object", "cancelled",
    "sending the request", "waiting for the response", "reading the response", "{} ({} free)",
    "the disk is full or over a limit ({} free): {}", "{}; the file is damaged: restore a backup",
)


def value(literals: str) -> str:
    """The text of adjacent string literals, each part that is filled in as {}."""
    text = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', literals))
    text = text.replace(r"\"", '"').replace(r"\\", "\\").replace(r"\n", "\n")
    return re.sub(r"\{[^{}]*\}", "{}", text)


def arguments(text: str, start: int) -> list[str]:
    """The arguments of the call whose opening bracket ends at start."""
    depth, begin, found, i = 1, start, [], start
    while i < len(text) and depth:
        c = text[i]
        if c == '"':
            i = STRINGS.match(text, i).end() if STRINGS.match(text, i) else i + 1
            continue
        if c == "'":
            i += 3 if text[i + 1] != "\\" else 4
            continue
        if c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
        if (c == "," and depth == 1) or depth == 0:
            found.append(text[begin:i].strip())
            begin = i + 1
        i += 1
    return found


def messages(source: str) -> set[str]:
    source = re.sub(r"^\s*//.*$", "", source, flags=re.MULTILINE)
    out = set()
    for call in MAKERS.finditer(source):
        given = arguments(source, call.end())
        if not given or not FIRST.search(given[0]) or re.fullmatch(r"1\d{3}", given[0]):
            continue
        # The message is the first literal behind the code and, for fail_field, the field.
        skip = 2 if call.group(0).startswith(("fail_field", "body_fault")) else 1
        for argument in given[skip:skip + 1]:
            literal = STRINGS.match(argument) or STRINGS.match(re.sub(r"^(?:fmt::format|std::string)\s*\(\s*", "", argument))
            if literal:
                joined = argument[literal.end():].lstrip().startswith("+")
                out.add(value(literal.group(0)) + ("{}" if joined else ""))
    return {text for text in out if re.search("[A-Za-z]", text)}


def said(root: Path, modules: tuple[str, ...]) -> dict[str, str]:
    """Each message and the file that makes it."""
    out = {}
    for module in modules:
        for path in sorted((root / "src" / module).rglob("*.*")):
            if path.suffix in (".h", ".cc") and not path.name.endswith(("_test.cc", "_fuzz.cc", "_bench.cc")) and "/detail/test_" not in path.as_posix():
                for text in messages(path.read_text(encoding="utf-8")):
                    out.setdefault(text, path.relative_to(root).as_posix())
    return out


def phrases(root: Path) -> set[str]:
    table = "\n".join((root / file).read_text(encoding="utf-8") for file in PHRASES)
    return {value(pair.group(1)) for pair in re.finditer(r"^    \{((?:\"(?:[^\"\\]|\\.)*\"\s*)+),", table, flags=re.MULTILINE)}


def everybody(root: Path) -> tuple[str, ...]:
    return tuple(sorted(path.name for path in (root / "src").iterdir() if path.is_dir()))


def missing(root: Path, modules: tuple[str, ...]) -> list[str]:
    known = phrases(root)
    return [f"{where}: {PHRASES[0]} lacks the Chinese of \"{text}\"" for text, where in said(root, modules).items() if text not in known]


def unsaid(root: Path) -> list[str]:
    spoken = set(said(root, everybody(root))) | set(PARTS)
    return [f"{PHRASES[0]}: nobody says \"{text}\"" for text in sorted(phrases(root) - spoken)]


if __name__ == "__main__":
    words = sys.argv[1:]
    if words[:1] == ["--all"]:  # what a translator may take up next
        found = missing(Path(), everybody(Path())) + unsaid(Path())
    else:
        found = missing(Path(words[0] if words else ".").resolve(), MODULES)
    print("\n".join(found))
    sys.exit(1 if found else 0)
