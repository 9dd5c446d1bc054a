"""The dataclasses of metertap.models are those that the core fills."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import sys
import typing
from datetime import date, datetime
from decimal import Decimal

import pytest
from support import PROVIDERS

from metertap import _core, models

SHAPES = _core.shapes()
COMPOSITES = {composite["record"]: composite for facts in PROVIDERS.values() for composite in facts["composites"]}


def test_every_record_has_a_dataclass_and_the_other_way_round() -> None:
    assert set(models.__all__) == SHAPES.keys() | COMPOSITES.keys()
    modules = [importlib.import_module(f"metertap.models.{provider}") for provider in PROVIDERS]
    defined = {name: module for module in modules for name in module.__all__}
    assert defined.keys() == set(models.__all__) <= set(dir(models))
    for name, module in defined.items():
        assert dataclasses.is_dataclass(getattr(module, name))
        assert getattr(models, name) is getattr(module, name)


def test_a_record_that_is_not_there_is_told() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        models.Nothing  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize("name", SHAPES)
def test_a_dataclass_has_the_fields_of_its_record_in_order_and_extra(name: str) -> None:
    fields = [(field.name, field.type) for field in dataclasses.fields(getattr(models, name))]
    assert fields == [*((field["name"], field["type"]) for field in SHAPES[name]), ("extra", "dict[str, Any]")]


@pytest.mark.parametrize("name", COMPOSITES)
def test_the_dataclass_of_a_joint_answer_has_a_field_for_each_part(name: str) -> None:
    fields = [field.name for field in dataclasses.fields(getattr(models, name))]
    assert fields == [*COMPOSITES[name]["parts"], "retrieved_at", "extra"]


@pytest.mark.parametrize("name", models.__all__)
def test_a_dataclass_is_frozen_small_and_documented(name: str) -> None:
    record = getattr(models, name)
    assert record.__dataclass_params__.frozen
    assert "__slots__" in vars(record)
    assert not hasattr(record(**{field.name: None for field in dataclasses.fields(record)}), "__dict__")
    documentation = inspect.getdoc(record) or ""
    for field in dataclasses.fields(record):
        assert field.name in documentation, f"{name}.{field.name} is not documented"


@pytest.mark.skipif(sys.version_info < (3, 11), reason="it takes the field `date` for the type, where there are slots")
@pytest.mark.parametrize("name", models.__all__)
def test_annotations_can_be_resolved(name: str) -> None:
    known = {"date": date, "datetime": datetime, "Decimal": Decimal}
    hints = typing.get_type_hints(getattr(models, name), localns=known)
    assert list(hints) == [field.name for field in dataclasses.fields(getattr(models, name))]


@pytest.mark.parametrize("name", models.__all__)
def test_only_extra_may_be_left_out(name: str) -> None:
    fields = dataclasses.fields(getattr(models, name))
    has_default = [
        field.name
        for field in fields
        if field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
    ]
    assert has_default == ["extra"]
