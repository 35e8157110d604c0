"""The chat widget answers piece by piece, and comes through whatever happens to the connection."""

from __future__ import annotations

from threading import Semaphore

import pytest
from playwright.sync_api import expect

from tests.support.chat_server import CONVERSATION, ChatServer
from tests.support.chat_widget import Visit, Widget

pytest_plugins = ["tests.support.chat_pages"]
# One browser at a time is enough for two cores.
pytestmark = pytest.mark.xdist_group("chromium")

LIMIT = 4_000


def test_an_answer_appears_piece_by_piece(visit: Visit, chat: ChatServer, gate: Semaphore) -> None:
    chat.pieces = ("Grüße ", "an 東京 ", "und 😀.")
    widget = visit()
    widget.open()
    widget.ask("Whom do I greet?")
    expect(widget.note).to_have_text("Looking for an answer…")
    for count in (1, 2, 3):
        gate.release()
        expect(widget.answer).to_have_text("".join(chat.pieces[:count]), use_inner_text=False)
    expect(widget.page.get_by_role("list", name="Sources")).to_be_visible()
    expect(widget.page.locator(".note")).to_have_count(0)
    assert [(asked.question, asked.conversation) for asked in chat.asked] == [("Whom do I greet?", None)]


def test_the_next_question_belongs_to_the_conversation_and_has_a_key_of_its_own(visit: Visit, chat: ChatServer) -> None:
    chat.line_end = "\r\n"
    widget = visit()
    widget.open()
    for question in ("First?", "Second?"):
        widget.ask(question)
        expect(widget.page.locator(".sources").last).to_be_visible()
        expect(widget.page.get_by_role("button", name="Ask", exact=True)).to_be_enabled()
    assert [asked.conversation for asked in chat.asked] == [None, CONVERSATION]
    assert len({asked.key for asked in chat.asked}) == 2
    assert {len(asked.key) for asked in chat.asked} == {36}
    assert len(chat.sessions) == 1


@pytest.mark.parametrize("is_torn", [True, False], ids=["torn", "closed"])
def test_a_connection_lost_in_the_middle_gives_the_whole_answer_once(
    visit: Visit, chat: ChatServer, is_torn: bool
) -> None:
    chat.breaks, chat.is_torn = [1, 1], is_torn
    widget = visit()
    widget.open()
    widget.ask("How long is leave?")
    expect(widget.note).to_have_text("Connection lost, trying again…")
    expect(widget.answer).to_have_text("".join(chat.pieces))
    expect(widget.page.locator(".sources")).to_have_count(1)
    expect(widget.page.locator(".assistant")).to_have_count(1)
    # The same question to the letter, though the first stream named a conversation.
    assert len(chat.asked) == 3
    assert len(set(chat.asked)) == 1
    said = widget.announced()
    assert [said.count(sentence) for sentence in chat.pieces] == [1, 1]


def test_offline_it_waits_for_the_network(visit: Visit, chat: ChatServer, gate: Semaphore) -> None:
    chat.breaks = [1]
    widget = visit(clock=True)
    widget.open()
    widget.ask("How long is leave?")
    gate.release()
    expect(widget.answer).to_have_text(chat.pieces[0])
    widget.page.context.set_offline(True)
    gate.release()
    expect(widget.note).to_have_text("Offline. This goes on when you are back.")
    # Long enough for all its tries, none of which is wasted.
    for _ in range(8):
        widget.page.clock.fast_forward(15_000)
        widget.page.wait_for_timeout(50)
    expect(widget.note).to_have_text("Offline. This goes on when you are back.")
    assert len(chat.asked) == 1
    widget.page.context.set_offline(False)
    gate.release(10)
    expect(widget.answer).to_have_text("".join(chat.pieces))
    assert len(chat.asked) == 2


def test_it_gives_up_after_some_tries_and_goes_on_when_told(visit: Visit, chat: ChatServer) -> None:
    chat.breaks = [1] * 6
    widget = visit(clock=True)
    widget.open()
    widget.ask("How long is leave?")
    while not widget.retry.is_visible():
        widget.page.clock.fast_forward(15_000)
        widget.page.wait_for_timeout(100)
    expect(widget.note).to_have_text("That did not work: the connection is lost")
    assert len(chat.asked) == 6
    widget.retry.click()
    expect(widget.answer).to_have_text("".join(chat.pieces))
    expect(widget.page.locator(".note")).to_have_count(0)
    expect(widget.input).to_be_focused()
    assert (len(chat.asked), len(set(chat.asked))) == (7, 1)


def test_a_connection_that_says_nothing_counts_as_lost(visit: Visit, chat: ChatServer) -> None:
    chat.silences = 1
    widget = visit(clock=True)
    widget.open()
    widget.ask("How long is leave?")
    expect(widget.note).to_have_text("Looking for an answer…")
    widget.page.wait_for_timeout(300)
    widget.page.clock.fast_forward(46_000)
    expect(widget.note).to_have_text("Connection lost, trying again…")
    widget.page.clock.fast_forward(15_000)
    expect(widget.answer).to_have_text("".join(chat.pieces))


def test_an_error_in_the_stream_is_told_and_the_next_try_has_a_new_key(visit: Visit, chat: ChatServer) -> None:
    chat.error = "the model is gone"
    widget = visit()
    widget.open()
    widget.ask("How long is leave?")
    expect(widget.note).to_have_text("That did not work: the model is gone")
    chat.error = None
    widget.retry.click()
    expect(widget.page.locator(".sources")).to_be_visible()
    assert len({asked.key for asked in chat.asked}) == 2


@pytest.mark.parametrize(
    ("status", "reason"), [(429, "Too many questions at once"), (503, "Too much to do at the moment")]
)
def test_it_says_when_to_ask_again_and_counts_down_without_a_word(
    visit: Visit, chat: ChatServer, status: int, reason: str
) -> None:
    chat.refusals = [(status, {"Retry-After": "30"})]
    widget = visit(clock=True)
    widget.open()
    widget.ask("How long is leave?")
    expect(widget.note).to_have_text(f"{reason}. You can ask again in 30 s.")
    expect(widget.retry).to_be_disabled()
    announced = widget.announced()
    assert announced[-1] == f"{reason}. You can ask again in 30 s."
    for _ in range(9):
        widget.page.clock.run_for(1_000)
    expect(widget.note).to_have_text(f"{reason}. You can ask again in 20 s.")
    assert widget.announced() == announced
    widget.ask("And now?")
    assert len(chat.asked) == 1
    widget.page.clock.run_for(30_000)
    expect(widget.note).to_have_text(f"{reason}. You can ask again now.")
    assert widget.announced() == [*announced, f"{reason}. You can ask again now."]
    widget.retry.click()
    expect(widget.answer).to_have_text("".join(chat.pieces))
    expect(widget.input).to_have_value("And now?")


def test_any_other_error_is_a_plain_message(visit: Visit, chat: ChatServer) -> None:
    chat.refusals = [(500, {}), (503, {})]
    widget = visit()
    widget.open()
    widget.ask("How long is leave?")
    expect(widget.note).to_have_text("That did not work: refused with 500")
    widget.retry.click()
    expect(widget.note).to_have_text("That did not work: refused with 503")
    widget.retry.click()
    expect(widget.answer).to_have_text("".join(chat.pieces))


def test_a_session_that_ended_is_replaced_once(visit: Visit, chat: ChatServer) -> None:
    widget = visit()
    widget.open()
    _answered(widget, "First?")
    (old,) = chat.sessions
    chat.sessions.clear()
    _answered(widget, "Second?")
    (new,) = chat.sessions
    assert [asked.token for asked in chat.asked] == [old, old, new]
    # Its conversation was the old session's.
    assert chat.asked[-1].conversation is None
    assert chat.asked[-1].key == chat.asked[-2].key


def test_a_new_session_that_is_refused_too_is_told(visit: Visit, chat: ChatServer) -> None:
    widget = visit()
    widget.open()
    _answered(widget, "First?")
    chat.refusals = [(401, {}), (401, {})]
    widget.ask("Second?")
    expect(widget.note).to_have_text("That did not work: refused with 401")
    assert (len(chat.asked), len(chat.sessions)) == (3, 2)


def test_a_question_of_a_megabyte_is_refused_where_it_is_written(visit: Visit, chat: ChatServer) -> None:
    widget = visit()
    widget.open()
    widget.ask("x" * 1_000_000)
    expect(widget.page.locator("#hint")).to_have_text("Too long: 1,000,000 characters. The limit is 4,000.")
    expect(widget.input).to_have_attribute("aria-invalid", "true")
    assert widget.announced() == ["Too long: 1,000,000 characters. The limit is 4,000."]
    widget.ask(" ")
    assert (chat.asked, chat.sessions) == ([], [])
    # Characters are counted as the server does: this is 8,000 UTF-16 units.
    _answered(widget, "😀" * LIMIT)
    assert chat.asked[0].question == "😀" * LIMIT


def test_history_comes_in_pages_as_one_scrolls_up(visit: Visit, chat: ChatServer) -> None:
    widget = visit()
    widget.open()
    _answered(widget, "First?")
    chat.history = [
        {
            "role": "assistant" if number % 2 else "user",
            "text": f"Message {number}",
            "citations": [],
            "at": "2026-01-01",
        }
        for number in reversed(range(120))
    ]
    widget.page.reload()
    widget.open()
    texts = widget.log.locator(".text")
    expect(texts).to_have_count(50)
    expect(texts.last).to_be_in_viewport()
    chat.history_failures = 1
    widget.log.evaluate("log => log.scrollTop = 0")
    expect(widget.more).to_have_text("Not loaded. Try again")
    widget.more.press("Enter")
    expect(texts).to_have_count(100)
    expect(widget.log).to_be_focused()
    expect(texts.nth(50)).to_be_in_viewport()
    widget.page.keyboard.press("Tab")
    expect(widget.more).to_be_focused()
    widget.page.keyboard.press("Enter")
    expect(texts).to_have_count(120)
    expect(widget.more).to_be_hidden()
    assert chat.cursors == [None, "50", "50", "100"]
    assert texts.all_text_contents() == [f"Message {number}" for number in range(120)]


def test_scrolling_up_loads_without_a_click(visit: Visit, chat: ChatServer) -> None:
    widget = visit()
    widget.open()
    _answered(widget, "First?")
    chat.history = [{"role": "user", "text": f"Message {number}"} for number in reversed(range(70))]
    widget.page.reload()
    widget.open()
    texts = widget.log.locator(".text")
    expect(texts).to_have_count(50)
    widget.log.evaluate("log => log.scrollTop = 0")
    expect(texts).to_have_count(70)
    # Only the messages scroll, and what was read stays where it was.
    assert widget.dialog.evaluate("dialog => dialog.scrollHeight - dialog.clientHeight") == 0
    expect(texts.nth(20)).to_be_in_viewport()


def test_a_conversation_that_is_gone_starts_anew(visit: Visit, chat: ChatServer) -> None:
    widget = visit()
    widget.open()
    _answered(widget, "First?")
    chat.sessions.clear()
    widget.page.reload()
    widget.open()
    _answered(widget, "Second?")
    assert [asked.conversation for asked in chat.asked] == [None, None]


def _answered(widget: Widget, question: str) -> None:
    """Ask, and wait for the end of the answer."""
    count = widget.page.locator(".sources").count()
    widget.ask(question)
    expect(widget.page.locator(".sources")).to_have_count(count + 1)
