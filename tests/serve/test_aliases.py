"""Names a client may ask for."""

from __future__ import annotations

import pytest

from serve.aliases import Aliases
from serve.errors import UnknownModel

VERSIONS = ["terse--v1-0a1b2c3d", "terse--v12-ffffffff", "formal--v2-00000000", "odd-name"]


def test_an_alias_is_the_newest_version_of_its_name() -> None:
    aliases = Aliases.from_versions("reader", VERSIONS)
    assert aliases.pointers == {
        "terse": "terse--v12-ffffffff",
        "formal": "formal--v2-00000000",
        "default": "reader",
    }
    assert aliases.resolve("terse") == "terse--v12-ffffffff"
    assert aliases.resolve("terse--v1-0a1b2c3d") == "terse--v1-0a1b2c3d"
    assert aliases.resolve("odd-name") == "odd-name"
    assert aliases.resolve("reader") == aliases.resolve("default") == "reader"


def test_default_can_be_an_adapter() -> None:
    assert Aliases.from_versions("reader", VERSIONS, "formal").resolve("default") == "formal--v2-00000000"


@pytest.mark.parametrize("name", ["gpt-4", "terse--v2-ffffffff", "../reader", "READER", "default\n"])
def test_an_unknown_name_is_refused_with_the_choices(name: str) -> None:
    with pytest.raises(UnknownModel, match="Use one of: default, formal, .*reader, terse"):
        Aliases.from_versions("reader", VERSIONS).resolve(name)


def test_a_default_that_is_not_there_is_refused() -> None:
    with pytest.raises(UnknownModel, match="nowhere"):
        Aliases.from_versions("reader", VERSIONS, "nowhere")
