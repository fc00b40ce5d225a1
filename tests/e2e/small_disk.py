"""A small disk of its own for one node, that a test can fill up."""

import errno
import os
import pathlib
import subprocess
import tempfile


def why_no_disk():
    """Why this process cannot make one, or None when it can."""
    try:
        with SmallDisk("1m"):
            return None
    except subprocess.CalledProcessError as error:
        return f"a small disk needs the right to mount a tmpfs (CAP_SYS_ADMIN): {error.stderr}"
    except FileNotFoundError as error:
        return str(error)


class Ballast:
    """What a test fills a disk with."""

    def __init__(self, path):
        self.path = path
        self._ballast = path / "ballast"

    def fill(self):
        """Takes every byte that is left, also what was given back since the last call."""
        ballast = os.open(self._ballast, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            for size in (1 << 20, 1 << 12):
                while True:
                    try:
                        if os.write(ballast, bytes(size)) < size:
                            break
                    except OSError as error:
                        if error.errno != errno.ENOSPC:
                            raise
                        break
        finally:
            os.close(ballast)

    def free(self):
        self._ballast.unlink()


class SmallDisk(Ballast):
    """A tmpfs as a context manager. Whoever uses it has ended before the context does."""

    def __init__(self, size):
        self._size = size
        super().__init__(pathlib.Path(tempfile.mkdtemp(prefix="decentd-e2e-disk-")))

    def __enter__(self):
        try:
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={self._size}", "tmpfs", self.path],
                           check=True, capture_output=True, text=True)
        except BaseException:
            self.path.rmdir()
            raise
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", self.path], check=True)
        self.path.rmdir()
