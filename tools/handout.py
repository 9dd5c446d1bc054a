"""Build the wheel that is handed out, with the licences of what is linked into it, and look at what is in it.

`make wheel` runs this in an environment that has maturin and zig. The wheel that maturin builds holds our own licences;
this adds THIRD-PARTY-NOTICES.txt, which is made of the licence files of the crates that are linked. With HOMEPAGE, the
address under which the files of the repository can be seen, the metadata has that address, and links lead there.
"""

from __future__ import annotations

import argparse
import base64
import csv
import functools
import hashlib
import importlib.util
import io
import json
import os
import re
import struct
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from email.parser import Parser
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
NOTICES = "THIRD-PARTY-NOTICES.txt"
#: The oldest glibc that the wheel must run with: that of manylinux2014.
GLIBC = (2, 17)
#: The libraries that every Linux has which a wheel of manylinux2014 is for.
LIBRARIES = re.compile(r"(lib(c|m|dl|pthread|rt|gcc_s|util)\.so\.\d+|ld-linux.*\.so\.\d+)")
#: How large it may become, in bytes; it is about 6 MB.
LARGEST = 9_000_000
LICENCE_FILE = re.compile(r"(licen[cs]e|copying|notice|unlicense|copyright)([-._].*)?", re.IGNORECASE)
MODULE = "metertap/_core.abi3.so"


# The licences of others


@functools.cache
def linked() -> list[dict[str, Any]]:
    """Return the crates whose code is in the native module, as cargo tells them, by name."""
    command = ["cargo", "metadata", "--locked", "--format-version=1", "--no-default-features", "--features=python"]
    command += ["--filter-platform=x86_64-unknown-linux-gnu"]
    told = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)
    packages = {package["id"]: package for package in told["packages"]}
    nodes = {node["id"]: node for node in told["resolve"]["nodes"]}
    found: dict[str, Any] = {}
    waiting = [told["resolve"]["root"]]
    while waiting:
        key = waiting.pop()
        if key in found or any("proc-macro" in target["kind"] for target in packages[key]["targets"]):
            continue  # a macro runs while others are built, and is not linked
        found[key] = packages[key]
        links = nodes[key]["deps"]
        waiting += [link["pkg"] for link in links if any(kind["kind"] is None for kind in link["dep_kinds"])]
    del found[told["resolve"]["root"]]
    return sorted(found.values(), key=lambda package: (package["name"], package["version"]))


def licence_texts(folder: Path) -> list[str]:
    """Return the texts of the licence files of a crate."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and LICENCE_FILE.fullmatch(path.name))
    return [path.read_text(encoding="utf-8", errors="replace").strip() for path in files if path.suffix != ".rs"]


def titled(package: dict[str, Any]) -> str:
    """Return how a crate is called in the notices."""
    return f"{package['name']} {package['version']}"


def notices(packages: list[dict[str, Any]], runtime: dict[str, list[Path]]) -> str:
    """Return the notices: what is linked, and each licence text once, with all that it is of."""
    of_texts: dict[str, list[str]] = {}
    lines = []
    bare = []
    for package in packages:
        texts = licence_texts(Path(package["manifest_path"]).parent)
        lines.append(f"  {titled(package)} ({package['license'] or 'see its text'})")
        for text in texts:
            of_texts.setdefault(text, []).append(titled(package))
        if not texts:
            authors = ", ".join(package["authors"]) or "its authors"
            bare.append(f"  {titled(package)} ({package['license']}), by {authors}")
    for name, files in runtime.items():
        lines.append(f"  {name}")
        for path in files:
            of_texts.setdefault(path.read_text(encoding="utf-8").strip(), []).append(name.partition(" (")[0])
    parts = ["The native module of metertap holds code of others, under their own licences:", "\n".join(lines)]
    if bare:
        parts.append("\n".join(["These come without a text of their licence, which stands below with others:", *bare]))
    for text, names in sorted(of_texts.items(), key=lambda item: item[1]):
        parts.append(f"{'=' * 100}\n{', '.join(dict.fromkeys(names))}:\n\n{text}")
    return "\n\n".join(parts) + "\n"


def runtime() -> dict[str, list[Path]]:
    """Return what is linked besides the crates, with the files of its licences."""
    root = subprocess.run(["rustc", "--print", "sysroot"], check=True, capture_output=True, text=True).stdout.strip()
    rust = Path(root) / "share/doc/rust/licenses"
    found = importlib.util.find_spec("ziglang")
    if found is None or found.origin is None:
        sys.exit("ziglang is not installed here: make wheel")
    zig = Path(found.origin).parent
    return {
        "the standard library of Rust (MIT OR Apache-2.0)": [rust / "MIT.txt", rust / "Apache-2.0.txt"],
        "zig's compiler-rt (MIT)": [zig / "LICENSE"],
        "libunwind (Apache-2.0 WITH LLVM-exception)": [zig / "lib/libunwind/LICENSE.TXT"],
    }


# Building


def build(out: Path, home: str) -> Path:
    """Build the wheel and return it."""
    before = set(out.glob("*.whl"))
    command = ["maturin", "build", "--profile=dist", "--locked", "--zig"]
    command += ["--compatibility=manylinux2014", f"--out={out}"]
    # Panics name the file that they come from: not as it is called on this machine.
    flags = [f"--remap-path-prefix={place}={name}" for place, name in {crates(): "/crates", ROOT: "/metertap"}.items()]
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "CARGO_ENCODED_RUSTFLAGS": "\x1f".join(flags),  # the other variable splits at blanks
    }
    for wheel in before:
        wheel.unlink()
    subprocess.run(command, cwd=ROOT, check=True, env=environment)
    [wheel] = out.glob("*.whl")
    finish(wheel, notices(linked(), runtime()), home)
    return wheel


def crates() -> Path:
    """Return the folder that has the sources of the crates, each in a folder of its own."""
    return Path(linked()[0]["manifest_path"]).parents[1]


def finish(wheel: Path, text: str, home: str = "") -> None:
    """Put the notices into a wheel, and make its description one that can be read anywhere."""
    with zipfile.ZipFile(wheel) as old:
        files = {info: old.read(info) for info in old.infolist()}
    [record] = [info for info in files if info.filename.endswith(".dist-info/RECORD")]
    about = record.filename.rpartition("/")[0]
    [metadata] = [info for info in files if info.filename == f"{about}/METADATA"]
    head, _, description = files[metadata].decode().partition("\n\n")
    more = [f"License-File: {NOTICES}", *(f"Project-URL: {name}, {place}" for name, place in addresses(home).items())]
    files[metadata] = "\n".join([head, *more, "", anywhere(description, home)]).encode()
    for info in [info for info in files if info.filename.endswith(".cyclonedx.json")]:
        # The bill of materials names the crate by the folder in which it was built.
        files[info] = files[info].replace(str(ROOT).encode(), b"/metertap")
    files[zipfile.ZipInfo(f"{about}/licenses/{NOTICES}", record.date_time)] = text.encode()
    rows = io.StringIO()
    writer = csv.writer(rows, lineterminator="\n")
    writer.writerows(
        (info.filename, hashed(content), len(content)) for info, content in files.items() if info != record
    )
    writer.writerow((record.filename, "", ""))
    files[record] = rows.getvalue().encode()
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as new:
        for info, content in files.items():
            info.external_attr = info.external_attr or 0o644 << 16
            new.writestr(info, content, zipfile.ZIP_DEFLATED)


#: A link, or a picture, whose target is a file of the repository.
LINK_TO_FILE = re.compile(r"(!?\[([^\]]*)\])\((?!https://|#)([^)\s]+)\)")


def anywhere(text: str, home: str = "") -> str:
    """Return a page of the repository whose links to its neighbours lead home; without one it has no such links."""
    return LINK_TO_FILE.sub(rf"\1({home}/\3)" if home else r"\2", text)


def addresses(home: str) -> dict[str, str]:
    """Return the addresses for the metadata by what they are of."""
    pages = {"Homepage": "", "Documentation": "/docs/index.md", "Changelog": "/CHANGELOG.md"}
    return {name: f"{home}{page}" for name, page in pages.items()} if home else {}


def homepage(text: str) -> str:
    """Return the address that HOMEPAGE has, checked."""
    if text and not re.fullmatch(r"https://[^\s()?#]+", text):
        raise ValueError(f"HOMEPAGE is {text!r}, and should be an https address, such as https://host/metertap/main")
    return text.rstrip("/")


def hashed(content: bytes) -> str:
    """Return a digest as RECORD has it."""
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


# Looking


def problems(wheel: Path, packages: list[str] | None = None) -> Iterator[str]:
    """Say what is wrong with a wheel, in a sentence each."""
    with zipfile.ZipFile(wheel) as file:
        contents = {name: file.read(name) for name in file.namelist()}
    if not re.fullmatch(r"metertap-[^-]+-cp310-abi3-manylinux(2014_x86_64|_2_17_x86_64)\S*\.whl", wheel.name):
        yield f"its name is {wheel.name}, which is not that of one wheel for every Python from 3.10 on and glibc 2.17"
    if wheel.stat().st_size > LARGEST:
        yield f"it is {wheel.stat().st_size:,} bytes, above {LARGEST:,}"
    yield from _wrong_names(contents)
    here = (str(ROOT).encode(), str(Path.home()).encode() + b"/")
    for name, content in contents.items():
        if any(place in content for place in here):
            yield f"{name} names a folder of this machine"
    yield from _wrong_record(contents)
    yield from _wrong_metadata(contents)
    if MODULE in contents:
        yield from _wrong_module(contents[MODULE])
    told = next((text.decode() for name, text in contents.items() if name.endswith(f"/licenses/{NOTICES}")), "")
    if lacking := [name for name in packages or () if f"\n  {name} (" not in told]:
        yield f"{NOTICES} does not name {', '.join(lacking[:5])}{' and others' if len(lacking) > 5 else ''}"


def _wrong_names(contents: dict[str, bytes]) -> Iterator[str]:
    own = {f"metertap/{path.relative_to(ROOT / 'python/metertap').as_posix()}" for path in sources()}
    needed = own | {MODULE}
    ends = ("METADATA", "RECORD", "WHEEL", "entry_points.txt")
    needed |= {f"{folder(contents)}/{name}" for name in ends}
    needed |= {f"{folder(contents)}/licenses/{name}" for name in ("LICENSE", "LICENSE-APACHE", NOTICES)}
    yield from (f"{name} is not in it" for name in sorted(needed - contents.keys()))
    rest = {name for name in contents.keys() - needed if not name.endswith((".cyclonedx.json", "/"))}
    yield from (f"{name} should not be in it" for name in sorted(rest))


def sources() -> list[Path]:
    """Return the files of the Python package."""
    return [path for path in (ROOT / "python/metertap").rglob("*") if path.suffix in {".py", ".pyi", ".json", ".typed"}]


def folder(contents: dict[str, bytes]) -> str:
    """Return the name of the folder of the wheel's metadata."""
    return next((name.partition("/")[0] for name in contents if ".dist-info/" in name), "metertap.dist-info")


def _wrong_record(contents: dict[str, bytes]) -> Iterator[str]:
    name = f"{folder(contents)}/RECORD"
    rows = {row[0]: row[1:] for row in csv.reader(contents.get(name, b"").decode().splitlines())}
    for file, content in contents.items():
        if file != name and not file.endswith("/") and rows.get(file) != [hashed(content), str(len(content))]:
            yield f"RECORD has another digest or size of {file}"
    yield from (f"RECORD has {file}, which is not there" for file in sorted(rows.keys() - contents.keys()))


def _wrong_metadata(contents: dict[str, bytes]) -> Iterator[str]:
    told = Parser().parsestr(contents.get(f"{folder(contents)}/METADATA", b"").decode())
    if (given := told.get_all("License-File", [])) != ["LICENSE", "LICENSE-APACHE", NOTICES]:
        yield f"its metadata names the licence files {given}"
    if told["License-Expression"] != "MIT OR Apache-2.0":
        yield f"its metadata has the licence {told['License-Expression']}"
    if told["Requires-Python"] != ">=3.10":
        yield f"its metadata needs Python {told['Requires-Python']}"
    if mandatory := [need for need in told.get_all("Requires-Dist", []) if "extra ==" not in need]:
        yield f"it needs {mandatory[0]} without an extra"
    for link in LINK_TO_FILE.finditer(told.get_payload()):
        yield f"its description has the link {link[0]}, which leads nowhere outside the repository"


def _wrong_module(module: bytes) -> Iterator[str]:
    libraries, versions = needs(module)
    yield from (f"{MODULE} needs the library {name}" for name in libraries if not LIBRARIES.fullmatch(name))
    for name in sorted(versions):
        if (found := re.fullmatch(r"GLIBC_(\d+)\.(\d+)(?:\.\d+)?", name)) and (int(found[1]), int(found[2])) > GLIBC:
            yield f"{MODULE} needs {name}, which is newer than glibc {GLIBC[0]}.{GLIBC[1]}"
        elif re.fullmatch(r"GLIBC_PRIVATE|GLIBC_ABI.*|GLIBCXX.*|CXXABI.*", name):
            yield f"{MODULE} needs {name}"


def needs(module: bytes) -> tuple[list[str], set[str]]:
    """Return the libraries that an ELF file of 64 bits needs, and the versions of their symbols."""
    if module[:6] != b"\x7fELF\x02\x01":
        raise ValueError("this is no ELF file of 64 bits, least byte first")
    (place,) = struct.unpack_from("<Q", module, 40)
    size, count, _ = struct.unpack_from("<HHH", module, 58)
    sections = [struct.unpack_from("<IIQQQQIIQQ", module, place + index * size) for index in range(count)]

    def text(section: int, at: int) -> str:
        begin = sections[section][4] + at
        return module[begin : module.index(b"\0", begin)].decode()

    libraries: list[str] = []
    versions: set[str] = set()
    for _, kind, _, _, begin, length, link, entries, _, _ in sections:
        if kind == 6:  # SHT_DYNAMIC: pairs, of which DT_NEEDED (1) names a library
            for at in range(begin, begin + length, 16):
                tag, value = struct.unpack_from("<QQ", module, at)
                libraries += [text(link, value)] if tag == 1 else []
        if kind == 0x6FFFFFFE:  # SHT_GNU_verneed: for each library a list of versions
            at = begin
            for _ in range(entries):
                _, names, _, first, following = struct.unpack_from("<HHIII", module, at)
                entry = at + first
                for _ in range(names):
                    *_, name, step = struct.unpack_from("<IHHII", module, entry)
                    versions.add(text(link, name))
                    entry += step
                at += following
    return libraries, versions


def main() -> None:
    """Build, if asked to, and look."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="where the wheel goes")
    parser.add_argument("--check", type=Path, help="look at this wheel only")
    given = parser.parse_args()
    try:
        home = homepage(os.environ.get("HOMEPAGE", ""))
    except ValueError as error:
        sys.exit(str(error))
    wheel = given.check or build(given.out, home)
    found = list(problems(wheel, [titled(package) for package in linked()]))
    for problem in found:
        print(f"{wheel.name}: {problem}", file=sys.stderr)
    if found:
        sys.exit(1)
    with zipfile.ZipFile(wheel) as file:
        libraries, versions = needs(file.read(MODULE))
        unpacked = sum(info.file_size for info in file.infolist())
    newest = max(versions, key=lambda name: [int(part) for part in re.findall(r"\d+", name)])
    size = wheel.stat().st_size
    print(f"{wheel}: {size / 1e6:.1f} MB, unpacked {unpacked / 1e6:.1f} MB; {', '.join(libraries)}; {newest}")


if __name__ == "__main__":
    main()
