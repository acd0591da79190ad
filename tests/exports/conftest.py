"""A shop made of the files a test writes."""

import pytest


@pytest.fixture
def shop_folder(tmp_path):
    """An empty shop ``s`` in ``tmp_path``."""
    folder = tmp_path / "s"
    folder.mkdir()
    return folder
