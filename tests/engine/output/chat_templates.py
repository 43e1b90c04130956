"""The chat templates of models that llama.cpp collects. They are not part of this project: tools/setup.sh test fetches
them, in the archive of a package that is pinned by its hash."""

import os
import pathlib

CACHE = pathlib.Path(os.environ.get("QUERN_CACHE") or os.environ.get("XDG_CACHE_HOME", "~/.cache") + "/quern")
FOLDER = CACHE.expanduser() / "chat-templates"


def names():
    return sorted(path.stem for path in FOLDER.glob("*.jinja"))


def text(name):
    return (FOLDER / f"{name}.jinja").read_text()
