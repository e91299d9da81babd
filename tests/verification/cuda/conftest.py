"""What the tests of the CUDA check share."""

from __future__ import annotations

import pytest

from symact.verification.cuda import machine, nvrtc, sass


@pytest.fixture
def compiler() -> None:
    """Skips where NVIDIA's compiler or the disassembler is not installed."""
    reason = nvrtc.missing() or sass.missing() or machine.missing()
    if reason is not None:
        pytest.skip(reason)


@pytest.fixture
def host() -> None:
    """Skips where no C can be compiled."""
    reason = machine.missing()
    if reason is not None:
        pytest.skip(reason)
