"""What a killed process leaves behind is removed by the next one, and what a living one has is not touched."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gradcheck.subject.leftovers import MARK, fresh, sweep

KILLED = """
import os, signal, sys
from gradcheck.subject.leftovers import fresh
folder = fresh(sys.argv[1])
(folder.path / "deep" / "er").mkdir(parents=True)
(folder.path / "deep" / "er" / "file").write_text("of a subject")
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which temporary folders are made."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def abandoned(temporary: Path) -> str:
    """The mark of a folder whose owner was killed."""
    mark = secrets.token_hex(8)
    done = subprocess.run([sys.executable, "-c", KILLED, mark], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert (temporary / f"gradcheck-{mark}" / "deep").is_dir()
    return mark


def test_the_folder_of_a_killed_process_is_removed(temporary: Path) -> None:
    abandoned(temporary)
    sweep()
    assert list(temporary.iterdir()) == []


def test_the_folder_of_a_living_process_stays(temporary: Path) -> None:
    folder = fresh(secrets.token_hex(8))
    sweep()
    assert folder.path.is_dir()
    folder.remove()
    assert list(temporary.iterdir()) == []


def test_an_orphan_with_the_mark_is_ended(temporary: Path) -> None:
    mark = abandoned(temporary)
    waits = [sys.executable, "-c", "input()"]
    with (
        subprocess.Popen(waits, stdin=subprocess.PIPE, env={MARK: mark}) as orphan,
        subprocess.Popen(waits, stdin=subprocess.PIPE, env={MARK: "0" * 16}) as other,
    ):
        sweep()
        assert orphan.wait(60) == -signal.SIGKILL
        assert other.poll() is None
        other.kill()


@pytest.mark.parametrize("name", ["gradcheck-notes", "gradcheck-0123", "my-gradcheck-0123456789abcdef"])
def test_folders_of_other_names_stay(temporary: Path, name: str) -> None:
    (temporary / name).mkdir()
    sweep()
    assert (temporary / name).is_dir()


def test_neither_links_nor_files_are_followed_or_removed(temporary: Path) -> None:
    (temporary / "precious").mkdir()
    (temporary / "precious" / "file").touch()
    link, file = temporary / f"gradcheck-{'a' * 16}", temporary / f"gradcheck-{'b' * 16}"
    link.symlink_to(temporary / "precious")
    file.touch()
    sweep()
    assert (temporary / "precious" / "file").exists()
    assert link.is_symlink()
    assert file.is_file()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_the_folder_of_another_user_stays(temporary: Path) -> None:
    mark = abandoned(temporary)
    os.chown(temporary / f"gradcheck-{mark}", 65534, 65534)
    sweep()
    assert (temporary / f"gradcheck-{mark}").is_dir()


def test_without_locks_nothing_is_taken_for_a_leftover(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no locks here")

    with monkeypatch.context() as bare:
        bare.setattr("fcntl.flock", refuse)
        folder = fresh(secrets.token_hex(8))
        assert folder.lock is None
    sweep()
    assert folder.path.is_dir()
    folder.remove()
    assert list(temporary.iterdir()) == []


def test_without_the_module_of_locks(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark = abandoned(temporary)
    with monkeypatch.context() as bare:
        bare.setitem(sys.modules, "fcntl", None)
        folder = fresh(secrets.token_hex(8))
        sweep()
        assert (temporary / f"gradcheck-{mark}").is_dir()
    sweep()  # by a process that has locks: what nobody could lock is no leftover
    assert not (temporary / f"gradcheck-{mark}").exists()
    assert folder.path.is_dir()
    folder.remove()
    assert not folder.path.exists()


def test_a_folder_that_cannot_be_read_is_left(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(temporary / "nowhere"))
    sweep()
    with pytest.raises(OSError, match="nowhere"):
        fresh(secrets.token_hex(8))
