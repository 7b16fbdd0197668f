"""Unit images that a bench keeps for its caller: forks to come back to, or to give to another unit of the same profile."""

from __future__ import annotations

import hashlib

from hil.errors import BenchError

__all__ = ["ImageShelf"]

IMAGES_MAX = 256
"""Forks kept at once, the oldest given up first would be a surprise: past this a fork is refused."""
ID_CHARS = 16


class ImageShelf:
    """Images by id. An id is made from the image, so equal units have equal ids; benches of one process may share a shelf."""

    def __init__(self) -> None:
        self._images: dict[str, bytes] = {}

    def put(self, image: bytes) -> str:
        """Keep an image; returns its id. Raises BenchError when the shelf is full."""
        image_id = hashlib.sha256(image).hexdigest()[:ID_CHARS]
        if image_id not in self._images and len(self._images) >= IMAGES_MAX:
            raise BenchError(f"{IMAGES_MAX} forks are kept already", where="fork", do="use save and keep the image yourself")
        self._images[image_id] = image
        return image_id

    def get(self, image_id: str) -> bytes:
        """The image of that id. Raises BenchError."""
        if image_id not in self._images:
            raise BenchError(f"no image {image_id!r}", where="restore.image_id", do="give what fork returned")
        return self._images[image_id]
