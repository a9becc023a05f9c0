from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from bot.config import yaml_file
from bot.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=["C loader", "Python loader"], autouse=True)
def either_loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if request.param == "Python loader":
        monkeypatch.delattr(yaml, "CSafeLoader")
    yaml_file._loader_class.cache_clear()
    yield
    yaml_file._loader_class.cache_clear()


def read(folder: Path, content: str | bytes) -> object:
    file = folder / "config.yaml"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    document = yaml_file.read(file)
    assert not document.repeated_keys
    return document.values


def refused(folder: Path, content: str | bytes) -> Problem:
    with pytest.raises(ConfigError) as caught:
        read(folder, content)
    assert caught.value.source == str(folder / "config.yaml")
    (problem,) = caught.value.problems
    return problem


@pytest.mark.parametrize(
    "written",
    ["08:00", "no", "on", "true", "1.10", "0123", "0x1f", "1_000", "2026-04-20", "1e3", ".inf", "=", '"null"', "'~'"],
)
def test_every_scalar_is_the_text_that_was_written(tmp_path: Path, written: str) -> None:
    assert read(tmp_path, f"on: [{written}]") == {"on": [written.strip("\"'")]}


@pytest.mark.parametrize("written", ["", "null", "~", "Null", "# a comment"])
def test_no_value_at_all_is_none(tmp_path: Path, written: str) -> None:
    assert read(tmp_path, f"at: {written}\n") == {"at": None}


def test_an_empty_file_is_none(tmp_path: Path) -> None:
    assert read(tmp_path, "# nothing yet\n") is None


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    assert read(tmp_path, b"\xef\xbb\xbfcontact: Zo\xc3\xab") == {"contact": "Zoë"}


def test_anchors_and_merges_are_understood(tmp_path: Path) -> None:
    content = "base: &base {at: 08:00, paused: no}\nloft: {<<: *base, at: 09:00}"
    assert read(tmp_path, content) == {
        "base": {"at": "08:00", "paused": "no"},
        "loft": {"at": "09:00", "paused": "no"},
    }


def test_keys_that_stand_there_twice_are_all_named_with_their_lines(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("contact: a\ntopics:\n  birds: {title: A, title: B}\ncontact: b\n")
    twice = yaml_file.read(file).repeated_keys
    assert {(problem.path, problem.line) for problem in twice} == {("line 3", 3), ("line 4", 4)}
    assert {problem.message for problem in twice} == {"this key stands there twice"}


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (("contact",), 2),
        (("topics", "birds", "categories"), 5),
        (("topics", "birds", "categories", 1), 6),
        (("topics", "birds", "limit"), 4),
        (("loft", "at"), 8),
        (("loft", "paused"), 7),
        (("store",), None),
        ((), None),
    ],
)
def test_every_value_has_a_line_and_one_that_is_missing_that_of_what_it_would_stand_in(
    tmp_path: Path, place: tuple[str | int, ...], line: int | None
) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(
        """# pigeons
contact: a@b.example
topics:
  birds:
    categories: [cs.CV,
      cs.CL]
base: &base {paused: no, at: 9:00}
loft: {<<: *base, at: 8:00}
"""
    )
    assert yaml_file.read(file).line(place) == line


@pytest.mark.parametrize(
    ("content", "where", "what"),
    [
        ("a: [1, 2", "line ", "not YAML, "),
        ("a:\n  b: 1\n c: 2\n", "line 3", "not YAML, "),
        ("a: 1\n\tb: 2", "line 2", "not YAML, "),
        ("a: *hunter2", "line 1, column 4", "undefined alias"),
        ("a: !hunter2 x", "line 1, column 4", "could not determine a constructor for the tag"),
        ("a: !hunter!2 x", "line 1, column 4", "undefined tag handle"),
        ("a: !!int 5", "line 1, column 4", "could not determine a constructor for the tag"),
        ("a: &hunter2 [*hunter2]", "line 1, column 4", "recursive"),
        ("~: 1", "line 1, column 1", "a key must be a text"),
        ("? [hunter2]\n: 1", "line 1, column 3", "a key must be a text"),
        ("a: 1\n---\nb: 2", "line 2", "not YAML, "),
        ("a: hunter2\x01", "(the file)", "not YAML, "),
        (b"a: 1\nb: hunter2\xff", "line 2", "is not UTF-8 text"),
    ],
)
def test_what_is_not_yaml_is_refused_with_its_line_and_none_of_its_text(
    tmp_path: Path, content: str | bytes, where: str, what: str
) -> None:
    problem = refused(tmp_path, content)
    assert problem.path.startswith(where)
    assert what in problem.message
    assert "hunter2" not in str(problem)


def test_the_refusal_of_a_file_chains_no_error_that_quotes_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, "token: 'hunter2\n")
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_a_missing_file_comes_with_advice(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such file: `paperboy init` writes one"):
        yaml_file.read(tmp_path / "config.yaml")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        yaml_file.read(tmp_path)


def test_references_are_replaced_wherever_they_stand_in_a_text(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("  feather\n")
    text, sentences = yaml_file.resolve("<${A_1}|${file:secret}|${A_1}>", {"A_1": "dove\n"}, tmp_path)
    assert (text, sentences) == ("<dove|feather|dove>", ())


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("pa$$word$", "pa$$word$"),
        ("$${A}", "${A}"),
        ("$$${A}", "$${A}"),
        ("$A", "$A"),
        ("$Long_Name", "$Long_Name"),
        ("{A}", "{A}"),
        ("", ""),
    ],
)
def test_a_dollar_stands_for_itself_and_a_doubled_one_keeps_the_brace(
    tmp_path: Path, written: str, meant: str
) -> None:
    assert yaml_file.resolve(written, {"A": "dove"}, tmp_path) == (meant, ())


def test_what_a_reference_stands_for_is_not_looked_into_again(tmp_path: Path) -> None:
    assert yaml_file.resolve("${A}", {"A": "${B}", "B": "dove"}, tmp_path) == ("${B}", ())


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("${GONE}", "environment variable GONE is not set"),
        ("${EMPTY}", "environment variable EMPTY is empty"),
        ("${file:gone}", "file gone cannot be read: No such file or directory"),
        ("${file:.}", "file . cannot be read: Is a directory"),
        ("${file:empty}", "file empty is empty"),
        ("${file:bytes}", "file bytes is not text"),
        ("${file:a\0b}", "file a\0b is not text"),
        ("${A", "a ${ without its }; a literal ${ is written $${"),
        ("${}", "${...} takes the name of an environment variable, or file:PATH; a literal ${ is written $${"),
        ("${A B}", "${...} takes the name of an environment variable, or file:PATH; a literal ${ is written $${"),
        ("${1A}", "${...} takes the name of an environment variable, or file:PATH; a literal ${ is written $${"),
    ],
)
def test_a_reference_that_cannot_be_resolved_is_explained(tmp_path: Path, written: str, sentence: str) -> None:
    (tmp_path / "empty").write_text(" \n")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    assert yaml_file.resolve(written, {"A": "dove", "EMPTY": " "}, tmp_path)[1] == (sentence,)


def test_every_unresolved_reference_of_a_text_is_told(tmp_path: Path) -> None:
    assert len(yaml_file.resolve("${GONE}:${FAR}:${A}", {"A": "dove"}, tmp_path)[1]) == 2
