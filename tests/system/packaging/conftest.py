"""A clean export of the checkout, the wheel built from it, and that wheel installed somewhere else."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]

OLDEST_SETUPTOOLS = 77  # of [build-system]; the first that takes `license = "MIT"`


@pytest.fixture(scope="session")
def export(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that git knows or would take, as they are now: no caches, no build results."""
    if shutil.which("git") is None or not (checkout / ".git").exists():
        pytest.skip("a clean export needs git and a git checkout")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=True,
    )
    folder = tmp_path_factory.mktemp("export")
    for name in filter(None, listed.stdout.split("\0")):
        if (checkout / name).is_file():  # a file that is deleted, but not yet committed as such, is gone
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(checkout / name, folder / name)
    return folder


@pytest.fixture(scope="session")
def wheel(export: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without network."""
    if int(version("setuptools").partition(".")[0]) < OLDEST_SETUPTOOLS:
        pytest.fail(
            f"building needs setuptools >= {OLDEST_SETUPTOOLS}, found {version('setuptools')}: pip install '.[test]'"
        )
    out = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(export)]
    done = subprocess.run(build, capture_output=True, text=True, cwd=out, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel installed in it, away from the checkout."""
    target = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-cache-dir"]
    done = subprocess.run(
        [*pip, "--disable-pip-version-check", "--target", str(target), str(wheel)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return target


@pytest.fixture
def gradcheck(installed: Path) -> Run:
    """Run the installed console script: `gradcheck("run", "worked_examples", folder=...)`."""

    def run(*arguments: str, folder: Path) -> "subprocess.CompletedProcess[str]":
        return python(str(installed / "bin" / "gradcheck"), *arguments, folder=folder, target=installed)

    return run


@pytest.fixture
def installed_python(installed: Path) -> Run:
    """Run Python with the installed wheel first on its path."""

    def run(*arguments: str, folder: Path) -> "subprocess.CompletedProcess[str]":
        return python(*arguments, folder=folder, target=installed)

    return run


def python(*arguments: str, folder: Path, target: Path) -> "subprocess.CompletedProcess[str]":
    keep = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "SYSTEMROOT")
    environment: Mapping[str, str] = {name: os.environ[name] for name in keep if name in os.environ}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**environment, "PYTHONPATH": str(target)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
