"""Write the parameters as config/default.yaml or as the table of docs/interface.md.

``python3 -m place_recognition_ros.tools.parameters yaml|markdown``
"""

import argparse
import json
import textwrap

from place_recognition_ros.config import Config
from place_recognition_ros.tools.terminal import use_utf8


def as_yaml() -> str:
    """``config/default.yaml``: every parameter with its default, unit, range and purpose."""
    lines = [
        "# Every parameter of the node, with its default. Written from place_recognition_ros/config.py by",
        "#   python3 -m place_recognition_ros.tools.parameters yaml > config/default.yaml",
        "# Those that are live may change while the node runs, with dynamic_reconfigure.",
    ]
    for row in Config.table():
        allowed = f"{row.range} {row.unit}".rstrip() + (". Live" if row.live else "")
        lines += [
            "",
            *textwrap.wrap(f"{row.why}. {allowed}", 100, initial_indent="# ", subsequent_indent="# "),
        ]
        lines.append(f"{row.name}: {json.dumps(row.default)}")
    return "\n".join(lines) + "\n"


def as_markdown() -> str:
    """The table of docs/interface.md."""
    lines = ["| parameter | default | range | unit | live | purpose |", "|---|---|---|---|---|---|"]
    for row in Config.table():
        allowed = row.range.replace("|", "\\|")
        live = "yes" if row.live else ""
        lines.append(
            f"| `~{row.name}` | `{json.dumps(row.default)}` | {allowed} | {row.unit} | {live} | {row.why} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    use_utf8()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("form", choices=("yaml", "markdown"))
    form = parser.parse_args().form
    print(as_yaml() if form == "yaml" else as_markdown(), end="")


if __name__ == "__main__":
    main()
