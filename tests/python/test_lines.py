import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / "tools"))  # behind this folder, which has modules of the same names

import lines
from lines import Lines

RUST = {
    "a blank line and each kind of comment": (
        """
//! of the file
/// of the item
fn f() { // behind it
    /* a /* nested */ one
       of two lines */
    g();
}
""",
        Lines(0, 3),
    ),
    "text that looks like a comment is text": (
        """
fn f() -> [&'static str; 4] {
    ["https://example.com", "a \\" // b",
        r#"/* " "#,
        concat('"', '\\'', "//")]
}
""",
        Lines(0, 5),
    ),
    "a lifetime is no character": ("fn f<'a>(a: &'a str) -> &'a str { a } // 'b\n", Lines(0, 1)),
    "tests, with the attributes behind it": (
        """
fn f() {}
#[cfg(test)]
#[allow(clippy::panic)]
mod tests {
    fn g() { "}" }
}
#[cfg(all(test, feature = "client"))]
use a::{b, c};
#[cfg(any(test, feature = "client"))]
fn both() {}
""",
        Lines(0, 3),
    ),
    "a long line counts by its width": (f"fn f() {{ {'g();' * 60} }}\n" + " " * 116 + "g();\n", Lines(0, 4)),
    "data are items that stand by themselves": (
        """
pub(crate) static A: [u8; 2] = [
    1, 2,
];
const B: u8 = 3;
fn f() {
    const C: u8 = 3;
}
""",
        Lines(4, 3),
    ),
    "documentation in fields, also on the next line, and what stands beside it": (
        """
static A: [Meter; 2] = [
    Meter {
        doc: "What it counts.",
        doc:
            "What it counts, \\
            in two lines.",
        name: "a", doc: "And here", unit: "b",
    },
];
struct Meter {
    doc: &'static str,
}
""",
        Lines(5, 3),
    ),
    "the address of a page": (
        """
const PAGE: &str =
    "https://example.com/page";
const NAME: &str = "example";
static A: Facts = Facts {
    page: PAGE,
    page: super::PAGE,
    page: "https://example.com",
    page: other.page,
};
""",
        Lines(4, 0),
    ),
    "an argument that is called doc": (
        """
static A: Meter = sum(
    "a, (b",
    "What it counts.",
);
const fn sum(name: &'static str, doc: &'static str) -> Meter {
    peak(name, doc)
}
const fn peak(name: &'static str, doc: &'static str) -> Meter { other("a", "b") }
""",
        Lines(3, 4),
    ),
}

TOML = {
    "comments and blanks": ("# a\n\na = 1 # b\nb = '#'\n", 2),
    "the keys of prose, with all of their value": (
        'doc = "a"\nnotes = """\na = 1\n[tests]\n"""\nsource = \'b\'\n"page" = "c"\nname = "d"\ndocument = "e"\n',
        2,
    ),
    "lists of texts, and inline tables": (
        'notes = [\n  "a",\n  "b",\n]\na = { doc = "b, c", unit = "d" }\nb = { page = "c" }\n',
        2,
    ),
    "keys of that name that hold more than texts": ('page = { next = "a" }\nsource = 1\ndoc = ["a", 1]\n', 3),
    "text of other keys": ('body = """\na = 1 # no comment\n\nb\n"""\n', 4),
    "tables called prose": (
        'a = 1\nprose = { returns = "b", raises = { C = "d" } }\n'
        '[call.prose]\nexample = """\n>>> 1\n"""\n[e]\nprosee = 2\n',
        3,
    ),
    "prose in text": ("a = 'doc = 1'\n", 1),
    "tests": ("[meter.a]\nb = 1\n[[tests]]\nb = 1\n[operation.tests.x]\nb = 1\n[meter.b]\nb = 1\n", 4),
    "a long line": (f'a = "{"b" * 240}"\n', 3),
    "a line that only prose makes long": (f'a = {{ doc = "{"b" * 240}", c = "d" }}\n', 1),
}

PYTHON = {
    "comments and blanks": ("# a\n\na = 1  # b\nb = '# c'\n", 2),
    "docstrings of modules, classes and functions": (
        '"""A module.\n\nIts text."""\n\nclass A:\n    """A class."""\n\n    async def f(self):\n'
        '        """A function."""\n        return """no\ndocstring"""\n',
        4,
    ),
    "a long line": (f"a = [{'1, ' * 80}]\n", 3),
}


@pytest.mark.parametrize("rule", RUST)
def test_rust_is_counted_by_the_rule(rule: str) -> None:
    text, expected = RUST[rule]
    assert lines.of_rust(text) == expected


@pytest.mark.parametrize("rule", TOML)
def test_documents_are_counted_by_the_rule(rule: str) -> None:
    text, expected = TOML[rule]
    assert lines.of_toml(text) == Lines(expected, 0)


@pytest.mark.parametrize("rule", PYTHON)
def test_python_is_counted_by_the_rule(rule: str) -> None:
    text, expected = PYTHON[rule]
    assert lines.of_python(text) == Lines(0, expected)


def test_the_files_are_those_that_define_and_read_providers() -> None:
    groups = {
        "src/providers/sora.toml": "providers",
        "src/providers/ricoh/bill.rs": "providers",
        "src/providers/mod.rs": "contract",
        "src/service/facts.rs": "contract",
        "src/providers/envelope.rs": "interpreter",
        "src/spec/rows.rs": "interpreter",
        "src/signing/volcengine.rs": "signing",
        "python/metertap/clients.py": "Python",
        "src/providers/testing.rs": None,
        "src/spec/tests.rs": None,
        "src/providers/README.md": None,
        "src/plan/mod.rs": None,
        "python/metertap/clients.pyi": None,
    }
    assert {path: lines.group(path) for path in groups} == groups


def test_files_of_tests_are_left_out_wherever_they_stand() -> None:
    text = "fn f() {}\n"
    files = {
        "src/spec/mod.rs": "#[cfg(test)]\nmod cases;\n" + text,
        "src/spec/cases.rs": text,
        "src/spec/cases/more.rs": text,
        "src/spec/rows.rs": "#[cfg(test)] pub mod samples;\n" + text,
        "src/spec/rows/samples.rs": text,
        "src/spec/rows/columns.rs": text,
    }
    counted = lines.count(files)
    assert counted == dict.fromkeys(("src/spec/mod.rs", "src/spec/rows.rs", "src/spec/rows/columns.rs"), Lines(0, 1))
    assert lines.sums(counted) == {"interpreter": Lines(0, 3), "all": Lines(0, 3)}


def test_a_group_can_be_left_out() -> None:
    counted = {"src/service/mod.rs": Lines(1, 2), "src/spec/mod.rs": Lines(3, 4)}
    assert (lines.without(counted, ""), lines.without(counted, "contract")) == (10, 7)


def test_the_tree_has_all_five_providers() -> None:
    found = lines.here()
    for name in ("sora", "ricoh", "uipath", "devicewise", "volcengine"):
        assert any(path.startswith(f"src/providers/{name}") for path in found)
    assert lines.sums(lines.count(found))["all"].all > 1000
