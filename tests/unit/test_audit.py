"""The stacks' histories as one, whoever wrote them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from rollout.inventory.model import LEGACY_ONLY, Split
from rollout.inventory.quantities import ALL_TENTHS, Percent
from rollout.state.history.audit import changes_of
from rollout.state.history.entries import Update
from rollout.state.history.record import Record, moves, record_in, with_record
from rollout.state.ramp_journal import JournalEntry, KeptVerdict, Kind, entries
from rollout.state.ramp_journal import message as ramp_message

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
TEN, HALF = Percent.of(10), Percent.of(50)
RAISE = Record(phase="weight", by="ada@desk", plan="abc123", moves={"score": (TEN, HALF)})


def update(minute: int, message: str, *, kind: str = "update", result: str = "succeeded") -> Update:
    return Update(kind, result, message, NOON + timedelta(minutes=minute))


def said(kind: Kind, sentence: str = "") -> str:
    return ramp_message("production", JournalEntry(kind=kind, at=NOON, by="bot@ci", weight=HALF, sentence=sentence))


def test_a_phase_over_two_stacks_is_one_change_and_a_later_run_of_it_another() -> None:
    phase = with_record("rollout phase2 production", Record(phase="phase2", by="ada@desk", plan="a b"))
    found = changes_of(
        {"legacy": [update(1, phase), update(9, phase)], "routing": [update(0, phase), update(8, phase)]}
    )
    assert [(each.number, each.at, [u.stack for u in each.updates]) for each in found] == [
        (1, NOON, ["routing", "legacy"]),
        (2, NOON + timedelta(minutes=8), ["routing", "legacy"]),
    ]
    assert {(each.what, each.by, each.plan, each.why) for each in found} == {("phase2", "ada@desk", "a b", "")}


def test_a_phase_that_failed_in_its_second_stack_says_so() -> None:
    phase = with_record("rollout phase2 production", Record(phase="phase2"))
    (found,) = changes_of({"routing": [update(0, phase)], "legacy": [update(1, phase, result="failed")]})
    assert found.result == "failed"


def test_a_weight_tells_why_and_from_where_to_where() -> None:
    (found,) = changes_of({"routing": [update(0, with_record("ticket 7\nmore of it", RAISE))]})
    assert (found.what, found.why, found.by, found.plan) == ("weight", "ticket 7", "ada@desk", "abc123")
    assert found.moves == {"score": (TEN, HALF)}


def test_a_change_is_dated_by_awss_clock_and_what_has_no_record_by_the_machines() -> None:
    later = NOON + timedelta(hours=5)
    raised = with_record("rollout weight production 50", RAISE.model_copy(update={"at": later}))
    back = with_record("rollout rollback production", Record(phase="rollback"))
    found = changes_of({"routing": [update(0, raised), update(1, back)]})
    assert [each.at for each in found] == [later, NOON + timedelta(minutes=1)]


def test_a_ramps_raise_has_its_verdict_and_its_announcement_goes() -> None:
    histories = {
        "routing": [
            update(0, said(Kind.RAISING), kind="refresh"),
            update(1, with_record(said(Kind.RAISED, "no worse: 5xx 0.1 %"), RAISE)),
            update(2, said(Kind.RAISING), kind="refresh"),
        ]
    }
    raised, announced = changes_of(histories)
    assert (raised.number, raised.what, raised.verdict) == (1, "ramp raised", "no worse: 5xx 0.1 %")
    assert (raised.by, raised.moves, raised.weight) == ("ada@desk", {"score": (TEN, HALF)}, HALF)
    assert (announced.what, announced.by) == ("ramp raising", "bot@ci")


def test_what_was_written_without_a_record_is_told_as_far_as_it_goes() -> None:
    old, waived, strange, empty = changes_of(
        {
            "routing": [
                update(0, "rollout weight production 10 (all routes)"),
                update(1, "rollout phase1 production [policy waived: Function:f]"),
                update(2, "by hand\nrollout-change: {not JSON"),
                update(3, "", kind="refresh"),
            ]
        }
    )
    assert (old.what, old.why, old.by, old.plan, old.moves) == ("weight", "", None, None, {})
    assert waived.why == "[policy waived: Function:f]"
    assert (strange.what, strange.why) == ("update", "by hand")
    assert (empty.what, empty.why) == ("refresh", "")


def test_what_a_newer_rollout_wrote_is_never_lost() -> None:
    known = said(Kind.RAISED, "no worse").replace('"kind":', '"colour":"blue","kind":')
    halted = said(Kind.PAUSED, "too hot").replace('"paused"', '"halted"')
    unread = said(Kind.RAISED).replace('"weight":', '"weight":[2],"was":')
    further, newer, strange, failed = changes_of(
        {"routing": [update(0, known), update(1, halted), update(2, unread), update(3, unread, result="failed")]}
    )
    assert (further.what, further.verdict, further.weight) == ("ramp raised", "no worse", HALF)
    assert (newer.what, newer.verdict, newer.by) == ("ramp", "by a newer rollout; too hot", "bot@ci")
    assert (strange.what, "newer rollout" in strange.verdict) == ("ramp", True)
    assert (failed.result, failed.verdict) == ("failed", "")


def test_a_verdict_of_an_unknown_kind_of_entry_counts_for_nothing() -> None:
    kept = KeptVerdict(
        route="score", legacy="a", candidate="b", rules="c", result="same", requests=9, different=0, covered=100
    )
    message = ramp_message("production", JournalEntry(kind=Kind.COMPARED, at=NOON, by="bot@ci", verdicts=(kept,)))
    known, newer = entries([update(0, message), update(1, message.replace('"compared"', '"sampled"'))])
    assert (known.compared, newer.compared) == ((kept,), ())


def test_equal_messages_without_a_record_are_changes_of_their_own() -> None:
    assert len(changes_of({"legacy": [update(0, "mine")], "routing": [update(1, "mine")]})) == 2


def test_routes_that_stay_are_not_moves() -> None:
    before = {"score": LEGACY_ONLY, "bulk": Split.at(TEN), "new": None}
    after = {"score": Split(Percent(0), attached=True), "bulk": Split.at(HALF), "new": Split.at(TEN)}
    assert moves(before, after) == {"bulk": (TEN, HALF), "new": (None, TEN)}


@given(
    st.text(max_size=50),
    st.builds(
        Record,
        phase=st.text(max_size=20),
        by=st.text(max_size=20),
        moves=st.dictionaries(
            st.text(max_size=10),
            st.tuples(
                st.none() | st.builds(Percent, st.integers(0, ALL_TENTHS)),
                st.builds(Percent, st.integers(0, ALL_TENTHS)),
            ),
            max_size=3,
        ),
    ),
)
def test_a_record_is_read_back_from_below_any_message(text: str, record: Record) -> None:
    assert record_in(with_record(text, record)) == record
