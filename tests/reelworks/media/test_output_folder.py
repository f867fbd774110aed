"""The folder a stage writes into."""

from __future__ import annotations

from pathlib import Path

import pytest

from reelworks.errors import PermissionDeniedError
from reelworks.media.output_folder import output_folder


def test_the_folder_is_made_and_its_products_stay(tmp_path: Path) -> None:
    product = tmp_path / "a" / "b" / "x"
    with output_folder(product.parent, [product]):
        product.write_text("done")
    assert product.read_text() == "done"


def test_half_written_products_go(tmp_path: Path) -> None:
    product = tmp_path / "x"
    with pytest.raises(RuntimeError, match="half way"), output_folder(tmp_path, [product]):
        product.write_text("half")
        raise RuntimeError("half way")
    assert not product.exists()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    below = tmp_path / "file" / "below"
    with pytest.raises(PermissionDeniedError, match="cannot be written"), output_folder(below, []):
        pass
