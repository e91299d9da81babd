"""What all tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from symact.analysis import cache


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Analyses of the tests are not kept in the user's cache folder, and none are taken from there."""
    folder = tmp_path_factory.mktemp("analyses")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cache, "folder", lambda: folder)
        yield
