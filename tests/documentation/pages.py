"""The commands of all pages: of their code blocks, and those in the text."""

import argparse
import glob
import io
import os
import re
import runpy
import shlex
import sys
from contextlib import redirect_stderr
from typing import List, NamedTuple

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGES = sorted(
    os.path.relpath(path, ROOT)
    for pattern in ("*.md", "docs/*.md", "demo/*.md", "models/*.md")
    for path in glob.glob(os.path.join(ROOT, pattern))
    if os.path.basename(path) != "CHANGELOG.md"  # its commands are those of their time
)

FENCED = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"(?<=\n\n)(?:    .+\n)+")
INLINE = re.compile(r"`((?:[^`\n]|\n(?!\n))+)`")
SEMICOLON = re.compile(r';(?=(?:[^"]*"[^"]*")*[^"]*$)')  # outside of quotes
OURS = ("./run", "place-recognition", "python3 -m", "python -m", ".venv/bin/python3", "pip install")
STARTS = (*OURS, "roslaunch", "rosrun", "rosservice", "rostopic", "rosnode", "rosparam", "rosbag")
SHELL = ("&&", "|", ";", "do", "{", "then")  # a command begins after these words
PYTHONS = ("python3", "python", "py", ".venv/bin/python3", ".venv-milvus/bin/python3")


class Command(NamedTuple):
    """One command of a page."""

    page: str
    words: List[str]

    def __str__(self) -> str:
        return f"{self.page}: {' '.join(self.words)}"

    @property
    def program(self) -> str:
        return self.words[0]


def read(page):
    with open(os.path.join(ROOT, page), encoding="utf-8") as file:
        return file.read()


def blocks(text):
    """The code blocks with commands, and the text without any block."""
    found = []
    for language, code in FENCED.findall(text):
        if language in ("sh", "bash") or (not language and code.startswith(STARTS)):
            found.append(code)
    text = FENCED.sub("", text)
    found += [code for code in INDENTED.findall(text) if code.strip().startswith((*STARTS, "for "))]
    return found, INDENTED.sub("", text)


def spans(page):
    """What the text of a page has between single backticks, each on one line."""
    return [code.replace("\n", " ") for code in INLINE.findall(blocks(read(page))[1])]


def split(code):
    """The commands of a block, each as words; here-documents are left out."""
    code = re.sub(r"<<'(\w+)'\n.*?^\1$", "", code, flags=re.DOTALL | re.MULTILINE)
    for line in re.sub(r"\\\n\s*", " ", code).splitlines():
        words = []
        line = SEMICOLON.sub(" ; ", line)
        for word in [*shlex.split(line, comments=True), ";"]:
            if word not in SHELL:
                words.append(word)
            elif words:
                yield without_prefix(words)
                words = []


def without_prefix(words):
    """The words after `sudo` and settings of the environment; python, whatever its path, is `python3`."""
    while len(words) > 1 and (words[0] == "sudo" or re.match(r"\w+=", words[0])):
        words = words[1:]
    return (["python3", *words[1:]] if words[0] in PYTHONS else words) if words else words


def commands_of(page):
    """Every command of a page."""
    found = blocks(read(page))[0] + [code for code in spans(page) if code.startswith(STARTS)]
    return [Command(page, words) for code in found for words in split(code)]


COMMANDS = [command for page in PAGES for command in commands_of(page)]


RUNS = {"demo": "demo.play", "bench": "benchmarks", "tx2-check": "place_recognition_ros.tools.doctor"}
"""Commands of ./run whose arguments are those of a module."""


def module_of(words):
    """``(module, arguments)`` that a command starts; None if it starts none."""
    if words[0] == "place-recognition" and len(words) > 1:
        return f"place_recognition_ros.tools.{words[1]}", words[2:]
    if words[0] == "./run" and words[1] in RUNS:
        return RUNS[words[1]], words[2:]
    if words[0] == "python3" and words[1:2] == ["-m"]:
        return words[2], words[3:]
    if words[0] == "python3" and len(words) > 1 and words[1].startswith("training/"):
        return words[1][: -len(".py")].replace("/", "."), words[2:]
    return None


def started(packages):
    """``(command, module, arguments)`` of the commands with arguments for a module of these packages."""
    found = {}
    for command in COMMANDS:
        module, arguments = module_of(command.words) or ("", [])
        if module.split(".")[0] in packages and arguments and "…" not in module:
            arguments = [word.replace("$seed", "1") for word in arguments]  # the loop of docs/decisions.md
            found.setdefault((module, *arguments), (command, module, arguments))
    return list(found.values())


def source_of(module):
    """The text of the file that ``python3 -m`` executes."""
    path = os.path.join(*module.split("."))
    package = os.path.join(path, "__main__.py")
    return read(package if os.path.exists(os.path.join(ROOT, package)) else path + ".py")


class Parsed(BaseException):
    """The arguments were accepted."""


def accepts(module, arguments, monkeypatch):
    """Whether a module's own parser accepts these arguments; what the module would do is not done.

    Returns:
        An empty string, or the message of the parser.
    """
    if not re.search(r"argparse|\.parse_args\(", source_of(module)):  # it takes none, and would do its work
        return "" if not arguments else f"{module} has no arguments"
    names = ("parse_args", "parse_known_args", "parse_intermixed_args")  # the last one from Python 3.7 on
    for name in filter(lambda each: hasattr(argparse.ArgumentParser, each), names):
        monkeypatch.setattr(argparse.ArgumentParser, name, stopping(getattr(argparse.ArgumentParser, name)))
    monkeypatch.setattr(sys, "argv", [module, *arguments])
    output = io.StringIO()
    try:
        with redirect_stderr(output):
            runpy.run_module(module, run_name="__main__")
    except Parsed:
        return ""
    except SystemExit:
        return output.getvalue()
    return f"{module} does not parse its arguments"


def stopping(parse):
    """A method of ArgumentParser that ends the program after it; argparse itself may use it as before."""

    def parse_and_stop(self, *arguments, **options):
        result = parse(self, *arguments, **options)
        if sys._getframe(1).f_globals["__name__"] == "argparse":
            return result
        unknown = result[1] if isinstance(result, tuple) else []
        if any(word.startswith("-") for word in unknown):
            self.error(f"unknown: {unknown}")
        raise Parsed

    return parse_and_stop
