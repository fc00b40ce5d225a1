"""A clean Debian 12 with systemd running, in a container: what an operator installs the package on.

The image is made by mmdebstrap, so that no registry is needed; it has what the package's dependencies
are downloaded, but not installed, and is kept for the next run under a name of its contents.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile

from programs import PATIENCE_SECONDS, ROOT, wait_until

_IMAGE = "decentd-test-machine"
# Beyond Debian's essential packages and apt.
_INSTALLED = "systemd-sysv,dbus,debconf"
# systemd mounts, and looks at processes whose /proc it hides from the service.
_RIGHTS = ["--cap-add=SYS_ADMIN", "--cap-add=SYS_PTRACE", "--security-opt=seccomp=unconfined",
           "--security-opt=apparmor=unconfined", "--security-opt=systempaths=unconfined",
           "--cgroupns=host", "--volume=/sys/fs/cgroup:/sys/fs/cgroup:rw",
           "--tmpfs=/run", "--tmpfs=/run/lock", "--tmpfs=/tmp"]


def _call(*command, **options):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          check=False, **options)


def why_no_machine():
    """Why there can be none here, or None when there can."""
    if os.geteuid() != 0:
        return "a clean Debian needs root to be made"
    missing = _call(ROOT / "deploy" / "deps.sh", "--check", "package")
    if missing.returncode:
        words = " ".join((missing.stdout + missing.stderr).split())
        return f"missing for deploy/package (deploy/deps.sh package): {words}"
    if shutil.which("docker") is None:
        return "no Docker client: the clean Debian runs in a container"
    engine = _call("docker", "version", "--format", "{{.Server.Version}}")
    return f"no Docker engine: {engine.stderr.strip()}" if engine.returncode else None


def image_for(package):
    """The image's name; made where it is not there. Raises OSError where it cannot be made."""
    depends = _call("dpkg-deb", "--field", package, "Pre-Depends", "Depends").stdout
    digest = hashlib.sha256((depends + _INSTALLED).encode()).hexdigest()[:12]
    image = f"{_IMAGE}:{digest}"
    if _call("docker", "image", "inspect", image).returncode == 0:
        return image
    print(f"making {image} with mmdebstrap", flush=True)
    with tempfile.TemporaryFile() as said:
        made = subprocess.Popen(
            ["mmdebstrap", "--variant=apt", f"--include={_INSTALLED}", "--skip=cleanup/apt",
             f"--customize-hook=copy-in {package} /root",
             '--customize-hook=chroot "$1" sh -c "apt-get -q -y --no-install-recommends '
             '--download-only install /root/*.deb && rm /root/*.deb"',
             "bookworm", "-"], stdout=subprocess.PIPE, stderr=said)
        imported = _call("docker", "import", "-", image, stdin=made.stdout)
        made.stdout.close()
        if made.wait() or imported.returncode:
            _call("docker", "image", "rm", image)
            said.seek(0)
            raise OSError("no clean Debian could be made: "
                          f"{said.read().decode().strip()[-600:]} {imported.stderr}")
    return image


class Machine:
    """As a context manager: running on entry, gone on exit."""

    def __init__(self, image):
        self._image = image
        self._container = None

    def __enter__(self):
        run = _call("docker", "run", "--detach", *_RIGHTS, self._image, "/lib/systemd/systemd")
        if run.returncode:
            raise OSError(f"no container: {run.stderr}")
        self._container = run.stdout.strip()

        def booted():
            return self.run("systemctl", "is-system-running", expect=None).stdout.strip() in (
                "running", "degraded")

        wait_until(booted, "systemd is up", explain=lambda: _call(
            "docker", "logs", self._container).stdout)
        return self

    def __exit__(self, *_):
        _call("docker", "rm", "--force", "--volumes", self._container)

    def run(self, *command, user="root", expect=0, text=None):
        """Runs a command in it; returns the finished process. `expect`: its status, None for any;
        `text`: for its standard input."""
        done = _call("docker", "exec", "--interactive", "--user", user,
                     "--env", "DEBIAN_FRONTEND=noninteractive", self._container, *command,
                     input=text or "", timeout=2 * PATIENCE_SECONDS)
        assert expect in (None, done.returncode), \
            f"{command} ended with {done.returncode}, expected {expect}:\n{done.stdout}{done.stderr}"
        return done

    def says(self, *command, **options):
        """What a command prints, without the white space around it."""
        return self.run(*command, **options).stdout.strip()

    def has(self, path):
        return self.run("test", "-e", path, expect=None).returncode == 0

    def install(self, package):
        """Installs a package of the host, with what it depends on, as an operator would."""
        self.copy(package, "/root/")
        return self.run("apt-get", "-q", "-y", "--no-install-recommends", "install",
                        f"/root/{package.name}")

    def copy(self, source, destination):
        """Of this machine to that one, as `docker cp` does."""
        copied = _call("docker", "cp", source, f"{self._container}:{destination}")
        assert copied.returncode == 0, copied.stderr

    def file(self, path, user):
        return _File(self, path, user)


class _File:
    """What cluster.set_models needs of a pathlib.Path."""

    def __init__(self, machine, path, user):
        self._machine, self._path, self._user = machine, path, user

    def read_text(self):
        return self._machine.run("cat", self._path, user=self._user).stdout

    def write_text(self, text):
        self._machine.run("sh", "-c", f"cat >{self._path}", user=self._user, text=text)
