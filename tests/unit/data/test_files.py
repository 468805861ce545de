"""Files are read within a limit, and nothing but plain files is."""

import os
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from gridpact.data.files import beside, checked_member, open_plain, read_bytes, read_member, sha256_of
from gridpact.errors import InputError, MissingDataError


def test_content_up_to_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"12345")
    assert read_bytes(path, most_bytes=5) == b"12345"
    assert sha256_of(path, most_bytes=5).startswith("5994471abb01112a")
    for read in (read_bytes, sha256_of):
        with pytest.raises(InputError, match="holds 5 bytes; at most 4 bytes of such a file are read"):
            read(path, most_bytes=4)


def test_a_file_that_grows_is_read_no_further(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"12345")
    with open_plain(path, most_bytes=5) as file:
        with path.open("ab") as more:
            more.write(b"6789")
        assert len(file.read(6)) == 6  # what is there; `read_bytes` below refuses it
    with pytest.raises(InputError, match="at most 5"):
        read_bytes(path, most_bytes=5)


@pytest.mark.parametrize("endless", ["/dev/zero", "/dev/stdin", "/proc/self/mem"])
def test_devices_are_not_read(endless: str) -> None:
    if not os.path.exists(endless):
        pytest.skip("not on this system")
    with pytest.raises(InputError, match="cannot be read"):
        read_bytes(endless, most_bytes=1000)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    seen: list[str] = []

    def read() -> None:
        for what in (
            lambda: read_bytes(tmp_path / "pipe", most_bytes=9),
            lambda: read_member(tmp_path, "pipe", most_bytes=9),
        ):
            try:
                what()
            except InputError as problem:
                seen.append(str(problem))

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    thread.join(timeout=10)
    assert [text.partition("cannot")[2] for text in seen] == [
        " be read: it is a pipe; save its content as a plain file"
    ] * 2


def test_folders_and_names_that_no_system_takes(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a folder"):
        read_bytes(tmp_path, most_bytes=9)
    with pytest.raises(MissingDataError):
        read_bytes(tmp_path / "nothing", most_bytes=9)
    with pytest.raises(InputError, match="null"):
        read_bytes("a\0b", most_bytes=9)
    with pytest.raises(InputError, match="long"):
        read_bytes(tmp_path / ("a" * 5000), most_bytes=9)


@pytest.mark.parametrize("name", ["../f", "/etc/passwd", "a/../../f", "", "a\\b", "a\0"])
def test_no_name_leaves_a_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="not the name of a file inside"):
        checked_member(tmp_path, name)


def test_links_inside_a_folder_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "f").write_bytes(b"secret")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "f").symlink_to(tmp_path / "outside" / "f")
    (folder / "private").symlink_to(tmp_path / "outside")
    for name in ("f", "private/f"):
        with pytest.raises(InputError, match="is a link"):
            read_member(folder, name, most_bytes=100)
    (tmp_path / "link").symlink_to(tmp_path / "outside")
    assert read_member(tmp_path / "link", "f", most_bytes=100) == b"secret"  # the user named that folder


def test_a_planted_link_is_not_written_through(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    (tmp_path / "victim").write_bytes(b"before")
    target.symlink_to(tmp_path / "victim")
    with beside(target) as part:
        assert part.parent == tmp_path
        part.write_bytes(b"after")
    assert (tmp_path / "victim").read_bytes() == b"before"
    assert not target.is_symlink()
    assert target.read_bytes() == b"after"
    with suppress(RuntimeError), beside(target) as part:
        part.write_bytes(b"half")
        raise RuntimeError
    assert sorted(item.name for item in tmp_path.iterdir()) == ["out.csv", "victim"]
    assert target.read_bytes() == b"after"
