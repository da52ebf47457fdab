"""The installed package."""

from __future__ import annotations

import json
from importlib.metadata import metadata
from importlib.resources import files

from conftest import ROOT


def test_the_version_is_that_of_tidemark() -> None:
    package = json.loads((ROOT / "package.json").read_text())
    assert metadata("tidemark")["Version"] == package["version"]


def test_the_package_says_that_it_is_typed() -> None:
    assert files("tidemark").joinpath("py.typed").is_file()
