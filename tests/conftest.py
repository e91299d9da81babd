"""What all tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from symact.analysis import cache


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Analyses of the tests are not kept in the user's cache folder, and none are taken from there.

    The processes of one run share a folder: their own temporary ones are side by side.
    """
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "analyses"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cache, "folder", lambda: folder)
        yield
