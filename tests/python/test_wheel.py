"""What `make wheel` makes of a wheel, and what it finds in one that is wrong."""

from __future__ import annotations

import csv
import io
import json
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / "tools"))  # behind this folder, which has modules of the same names

import handout as tool
import metertap

NAME = "metertap-0.1.0-cp310-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"
ABOUT = "metertap-0.1.0.dist-info"
README = "See [the docs](docs/usage.md), ![a picture](docs/x.svg) and [the format](https://example.com/).\n"
METADATA = f"""Metadata-Version: 2.4
Name: metertap
Version: 0.1.0
Requires-Dist: pandas>=2.2 ; extra == 'pandas'
License-File: LICENSE
License-File: LICENSE-APACHE
License-Expression: MIT OR Apache-2.0
Requires-Python: >=3.10

{README}"""
#: An ELF file of 64 bits without any section.
EMPTY = b"\x7fELF\x02\x01" + bytes(58)


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A wheel as maturin leaves it, after the tool was at it."""
    contents = {
        f"metertap/{path.relative_to(tool.ROOT / 'python/metertap')}": path.read_bytes() for path in tool.sources()
    }
    materials = json.dumps({"ref": f"path+file://{tool.ROOT}#0.1.0"}).encode()
    contents[f"{ABOUT}/sboms/metertap.cyclonedx.json"] = materials
    contents |= {
        tool.MODULE: EMPTY,
        f"{ABOUT}/METADATA": METADATA.encode(),
        f"{ABOUT}/WHEEL": b"",
        f"{ABOUT}/RECORD": b"",
    }
    contents |= {
        f"{ABOUT}/{name}": b"x" for name in ("entry_points.txt", "licenses/LICENSE", "licenses/LICENSE-APACHE")
    }
    file = tmp_path / NAME
    write(file, contents)
    tool.finish(file, "The module holds code of others:\n\n  toy 1.0.0 (MIT)\n")
    return file


def write(file: Path, contents: dict[str, bytes]) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)


def read(file: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_finished_wheel_has_the_notices_in_every_place_and_no_link_that_leads_nowhere(made: Path) -> None:
    assert list(tool.problems(made, ["toy 1.0.0"])) == []
    contents = read(made)
    head, _, description = contents[f"{ABOUT}/METADATA"].decode().partition("\n\n")
    assert head.endswith(f"License-File: {tool.NOTICES}")
    assert description == "See the docs, a picture and [the format](https://example.com/).\n"
    rows = list(csv.reader(io.StringIO(contents[f"{ABOUT}/RECORD"].decode())))
    assert [row[0] for row in rows] == [*(name for name in contents if not name.endswith("RECORD")), f"{ABOUT}/RECORD"]


def test_with_a_homepage_the_metadata_has_addresses_and_links_lead_there(made: Path) -> None:
    contents = read(made) | {f"{ABOUT}/METADATA": METADATA.encode(), f"{ABOUT}/RECORD": b""}
    del contents[f"{ABOUT}/licenses/{tool.NOTICES}"]
    write(made, contents)
    home = tool.homepage("https://example.com/metertap/main/")
    tool.finish(made, "  toy 1.0.0 (MIT)\n", home)
    assert list(tool.problems(made)) == []
    told = Parser().parsestr(read(made)[f"{ABOUT}/METADATA"].decode())
    assert told.get_all("Project-URL") == [
        f"Homepage, {home}",
        f"Documentation, {home}/docs/index.md",
        f"Changelog, {home}/CHANGELOG.md",
    ]
    assert told.get_payload() == (
        f"See [the docs]({home}/docs/usage.md), ![a picture]({home}/docs/x.svg) and [the format](https://example.com/).\n"
    )


@pytest.mark.parametrize("address", ["example.com", "http://example.com", "https://example.com/a b", "https://a/?b"])
def test_a_homepage_that_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="should be an https address"):
        tool.homepage(address)


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("metertap/py.typed", None, "metertap/py.typed is not in it"),
        ("metertap/_core.pyi", None, "metertap/_core.pyi is not in it"),
        (f"{ABOUT}/licenses/{tool.NOTICES}", None, f"{ABOUT}/licenses/{tool.NOTICES} is not in it"),
        ("metertap/test_it.py", b"", "metertap/test_it.py should not be in it"),
        ("tests/test_it.py", b"", "tests/test_it.py should not be in it"),
        ("metertap/usage.py", b"print()", "RECORD has another digest or size of metertap/usage.py"),
        (f"{ABOUT}/licenses/{tool.NOTICES}", b"none", f"{tool.NOTICES} does not name toy 1.0.0"),
        (
            f"{ABOUT}/METADATA",
            METADATA.encode(),
            "its description has the link [the docs](docs/usage.md), which leads nowhere outside the repository",
        ),
        (f"{ABOUT}/METADATA", METADATA.encode(), "its metadata names the licence files ['LICENSE', 'LICENSE-APACHE']"),
        (f"{ABOUT}/METADATA", b"Requires-Dist: numpy\n\n", "it needs numpy without an extra"),
        (f"{ABOUT}/METADATA", b"Requires-Python: >=3.8\n\n", "its metadata needs Python >=3.8"),
        (f"{ABOUT}/METADATA", b"License-Expression: GPL\n\n", "its metadata has the licence GPL"),
        ("metertap/documents.py", f"{tool.ROOT}/x".encode(), "metertap/documents.py names a folder of this machine"),
        (tool.MODULE, EMPTY + f"{tool.ROOT}/x".encode(), f"{tool.MODULE} names a folder of this machine"),
    ],
)
def test_what_is_wrong_with_a_wheel_is_found(made: Path, name: str, content: bytes | None, problem: str) -> None:
    contents = read(made)
    contents.pop(name, None)
    write(made, contents if content is None else {**contents, name: content})
    assert problem in list(tool.problems(made, ["toy 1.0.0"]))


def test_a_wheel_for_one_python_or_a_newer_glibc_is_found(made: Path) -> None:
    for name in (
        "metertap-0.1.0-cp311-cp311-manylinux_2_17_x86_64.whl",
        NAME.replace("2_17", "2_34").replace("2014", ""),
    ):
        other = made.rename(made.with_name(name))
        assert any(problem.startswith(f"its name is {name}") for problem in tool.problems(other))
        other.rename(made)


@pytest.mark.skipif(sys.platform != "linux", reason="ELF files are Linux's")
def test_what_a_module_needs_is_read_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    module = Path(metertap._core.__file__).read_bytes()
    libraries, versions = tool.needs(module)
    assert "libc.so.6" in libraries
    assert {name.partition("_")[0] for name in versions} <= {"GLIBC", "GCC"}
    monkeypatch.setattr(tool, "GLIBC", (2, 2))
    found = list(tool._wrong_module(module))
    assert any(problem.endswith("which is newer than glibc 2.2") for problem in found)
    monkeypatch.setattr(tool, "LIBRARIES", tool.re.compile("libm.*"))
    assert f"{tool.MODULE} needs the library libc.so.6" in list(tool._wrong_module(module))


def test_the_notices_have_every_text_once_and_say_where_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "MIT.txt").write_text("MIT it is")
    (tmp_path / "Apache-2.0.txt").write_text("Apache it is")
    packages = []
    for name, text in {"one": "Do as you like.", "two": "Do as you like.\n", "bare": None}.items():
        folder = tmp_path / name
        (folder / "deep").mkdir(parents=True)
        (folder / "license.rs").write_text("fn main() {}")
        if text is not None:
            (folder / "LICENSE-MIT").write_text(text)
            (folder / "deep" / "COPYING").write_text(f"of a part of {name}")
        packages.append(
            {
                "name": name,
                "version": "1",
                "license": "MIT",
                "authors": ["A"],
                "manifest_path": str(folder / "Cargo.toml"),
            }
        )
    runtime = {"the library (MIT OR Apache-2.0)": [tmp_path / "MIT.txt", tmp_path / "Apache-2.0.txt"]}
    told = tool.notices(packages, runtime)
    assert told.count("Do as you like.") == 1
    assert "one 1, two 1:\n\nDo as you like." in told
    assert "of a part of two" in told
    assert "which stands below with others:\n  bare 1 (MIT), by A" in told
    assert "fn main" not in told
    assert "\n  the library (MIT OR Apache-2.0)\n" in told
    assert "the library:\n\nMIT it is" in told
