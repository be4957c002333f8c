"""Changing the key file while the service runs: it is replaced whole or not at all."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from mmx_mailflow.store.vault import KeyFileError, Named, drawn, read_key_file, written


def add_key(path: Path) -> str:
    """Put a new key before the others and return its name; the old ones stay."""
    with _alone(path) as real:
        new = drawn()
        _replace(real, (new, *read_key_file(real)))
    return new[0]


def drop_keys(path: Path, names: Collection[str]) -> list[str]:
    """Take the keys of these names out of the file, and nothing else; return who went."""
    with _alone(path) as real:
        found = read_key_file(real)
        kept = tuple(key for key in found if key[0] not in names)
        if not kept:
            raise KeyFileError(f"the key file {path} would be left without a key")
        if kept != found:
            _replace(real, kept)
    return [name for name, _ in found if name in names]


@contextmanager
def _alone(path: Path) -> Iterator[Path]:
    """One change at a time; a link is followed, so that it stays one."""
    real = path.resolve()
    try:
        folder = os.open(real.parent, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise KeyFileError(f"the folder of the key file {path} cannot be opened") from error
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield real
        os.fsync(folder)
    except OSError as error:
        raise KeyFileError(f"the key file {path} cannot be replaced: {error.strerror}") from error
    finally:
        os.close(folder)


def _replace(path: Path, keys: Named) -> None:
    """The old file or the new one, whatever happens in between, with the same owner."""
    new, before = path.with_name(path.name + ".new"), path.stat()
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        if (before.st_uid, before.st_gid) != (os.geteuid(), os.getegid()):
            os.fchown(file.fileno(), before.st_uid, before.st_gid)
        file.write(written(keys))
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
