import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benches"))

import instructions

# main calls the plan and the engine; both call something of the standard library, which asks for memory and a digest.
PROFILE = """\
version: 1
positions: line
events: Ir

fl=???
fn=main
0 10
cfn=_ZN8metertap4plan4make17h0123456789abcdefE
calls=1 0
0 160
cfn=_ZN8metertap6engine3run17h0123456789abcdefE
calls=1 0
0 340

fn=_ZN8metertap4plan4make17h0123456789abcdefE
0 100
cfn=_ZN76_$LT$alloc..vec..Vec$LT$T$GT$$u20$as$u20$core..iter..Extend$LT$T$GT$$GT$6extend17haaaaaaaaaaaaaaaaE
calls=2 0
0 60

fn=_ZN8metertap6engine3run17h0123456789abcdefE
0 160
cfn=_ZN76_$LT$alloc..vec..Vec$LT$T$GT$$u20$as$u20$core..iter..Extend$LT$T$GT$$GT$6extend17haaaaaaaaaaaaaaaaE
calls=6 0
0 180

fn=_ZN76_$LT$alloc..vec..Vec$LT$T$GT$$u20$as$u20$core..iter..Extend$LT$T$GT$$GT$6extend17haaaaaaaaaaaaaaaaE
0 80
cfn=malloc
calls=8 0
0 120
cfn=_ZN4sha26sha2564soft8compress17h0123456789abcdefE
calls=1 0
0 40

fn=malloc
0 100
cfn=_int_malloc
calls=8 0
0 20

fn=_int_malloc
0 20

fn=_ZN4sha26sha2564soft8compress17h0123456789abcdefE
0 40
"""


def test_what_belongs_to_nobody_is_told_with_its_callers_by_what_their_calls_cost() -> None:
    count = instructions.of_profile(PROFILE)
    assert count.total == 510
    assert count.figure == 470
    own = {"planning": 120, "the engine": 220, "memory": 120, "SHA-256": 40, "the rest": 10}
    assert count.rooms == pytest.approx(own)
    assert count.with_memory == pytest.approx(
        {"planning": 150, "the engine": 310, "SHA-256": 40, "the rest": 10},
    )


def test_one_call_is_the_difference_of_many_and_few() -> None:
    many = instructions.Count(3072.0, {"SHA-256": 1024.0, "planning": 2048.0}, {})
    few = instructions.Count(1024.0, {"planning": 1024.0}, {})
    each = many.each(few)
    assert (each.total, each.rooms, each.figure) == (2.0, {"SHA-256": 1.0, "planning": 1.0}, 1.0)


@pytest.mark.parametrize(
    ("name", "room"),
    [
        ("<metertap::providers::sora::Sora as metertap::service::provider::Provider>::request", "building the request"),
        ("<metertap::providers::sora::Sora as metertap::service::provider::Provider>::sign", "signing"),
        ("<metertap::providers::sora::Sora as metertap::service::provider::Provider>::asked", "planning"),
        ("<metertap::providers::sora::Sora as metertap::service::provider::Provider>::readings", "reading the answer"),
        ("metertap::service::http::Request::post_json", "building the request"),
        ("metertap::spec::rows::read", "reading the answer"),
        ("<metertap::usage::columns::Collector as metertap::meters::Sink>::reading", "columns of readings"),
        ("metertap::usage::evidence::table", "evidence"),
        ("core::ptr::drop_in_place<hyper::proto::h1::Conn>", "reqwest, hyper, tokio"),
        ("url::parser::Parser::parse_host", "the address taken apart (url)"),
        ("__memcpy_avx_unaligned_erms", "memory"),
        ("_RNvCs9ZqZqZ_7___rustc11___rdl_alloc", "memory"),
        ("serde_json::ser::format_escaped_str", None),
    ],
)
def test_a_function_belongs_to_the_room_of_its_name(name: str, room: str | None) -> None:
    assert instructions.room(name) == room


def test_a_rise_of_more_than_a_tenth_fails() -> None:
    assert instructions.judged({"signed": 110, "token": 90}, {"signed": 100, "token": 100}) == 0
    assert instructions.judged({"signed": 111, "token": 90}, {"signed": 100, "token": 100}) == 1
