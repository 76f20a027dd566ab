"""The JavaScript client in Node, against an API that answers as it is told to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.scripted_api import ScriptedApi

Run = Callable[[str, str], Any]
STORED = {"code": 200, "events_ingested": 1}
#: A storage as a browser has it, empty at first.
STORAGE = """
    const kept = new Map();
    const storage = {
        getItem: (key) => kept.get(key) ?? null,
        setItem: (key, value) => kept.set(key, value),
        removeItem: (key) => kept.delete(key),
    };
"""


def events_of(scripted: ScriptedApi) -> list[dict[str, Any]]:
    return [event for sent in scripted.requests for event in sent.body["events"]]


def test_s1_44_the_three_snippets_send_what_amplitude_would(scripted: ScriptedApi, run_javascript: Run) -> None:
    scripted.answers(200, STORED)
    answers = run_javascript(
        scripted.url,
        """
        const amplitude = createClient({ url, apiKey: "public" });
        const document = { unifiedDocumentId: "doc_123", title: "A title" };
        const feedItems = [{ id: "a" }, { id: "b" }];
        const visibleItem = { id: "b" };
        return Promise.all([
            amplitude.track('click', {
              item_id: document.unifiedDocumentId,
              item_type: 'paper',
              title: document.title
            }),
            amplitude.track('initial_impression', {
              items_shown: feedItems.map(item => item.id),
              feed_type: 'popular'
            }),
            amplitude.track('scroll_impression', {
              items_shown: [visibleItem.id],
              feed_type: 'popular'
            }),
        ]);
        """,
    )
    assert answers == [STORED] * 3
    (sent,) = scripted.requests  # one go, one batch
    assert (sent.method, sent.path, sent.body["api_key"]) == ("POST", "/2/httpapi", "public")
    click, initial, scroll = sent.body["events"]
    assert click["event_properties"] == {"item_id": "doc_123", "item_type": "paper", "title": "A title"}
    assert initial["event_properties"] == {"items_shown": ["a", "b"], "feed_type": "popular"}
    assert scroll["event_properties"] == {"items_shown": ["b"], "feed_type": "popular"}
    assert len({event["insert_id"] for event in sent.body["events"]}) == 3
    assert all("user_id" not in event for event in sent.body["events"])


def test_s0_21_one_session_before_and_after_the_log_in_and_a_new_one_after_the_log_out(
    scripted: ScriptedApi, run_javascript: Run
) -> None:
    scripted.answers(200, STORED)
    run_javascript(
        scripted.url,
        STORAGE
        + """
        const client = createClient({ url, storage });
        await client.track("click", { item_id: "a" });
        client.logIn(12345);
        await client.track("click", { item_id: "b" });
        await createClient({ url, storage }).track("click", { item_id: "in another tab" });
        client.logOut();
        await client.track("click", { item_id: "c" });
        """,
    )
    before, after, other_tab, next_visitor = events_of(scripted)
    assert "user_id" not in before
    assert after["user_id"] == "12345"
    assert before["device_id"] == after["device_id"] == other_tab["device_id"]
    assert before["session_id"] == after["session_id"] == other_tab["session_id"]
    assert next_visitor["device_id"] != before["device_id"]
    assert "user_id" not in next_visitor


@pytest.mark.parametrize(
    "storage",
    [
        "null",
        "{ getItem() { throw new Error('blocked'); }, setItem() { throw new Error('blocked'); } }",
        "{ getItem: () => 'no JSON', setItem() { throw new Error('full'); }, removeItem() {} }",
        '{ getItem: () => \'{"id": 7, "seenAt": "x"}\', setItem() {}, removeItem() {} }',
    ],
    ids=["none", "blocked", "full of others", "of another shape"],
)
def test_a_session_lasts_as_long_as_the_page_where_nothing_can_be_stored(
    scripted: ScriptedApi, run_javascript: Run, storage: str
) -> None:
    scripted.answers(200, STORED)
    run_javascript(
        scripted.url,
        f"""
        const client = createClient({{ url, storage: {storage} }});
        await client.track("click", {{ item_id: "a" }});
        await client.track("click", {{ item_id: "b" }});
        """,
    )
    first, second = events_of(scripted)
    assert first["device_id"] == second["device_id"] != ""


def test_a_session_ends_after_half_an_hour_without_an_event(scripted: ScriptedApi, run_javascript: Run) -> None:
    first, same, other = run_javascript(
        scripted.url,
        """
        const started = Date.now();
        const client = createClient({ url });
        const ids = [0, 29, 60].map((minutes) => {
            Date.now = () => started + minutes * 60_000;
            return client.sessionId;
        });
        return ids;
        """,
    )
    assert first == same != other


def test_an_event_is_sent_again_with_its_id_while_the_api_is_away(scripted: ScriptedApi, run_javascript: Run) -> None:
    scripted.fails(503, "database_unreachable", Retry_After="0")
    scripted.fails(429, "rate_limited", Retry_After="0")
    scripted.answers(200, STORED)
    run_javascript(scripted.url, 'return createClient({ url }).track("click", { item_id: "a" });')
    assert len(scripted.requests) == 3
    assert len({event["insert_id"] for event in events_of(scripted)}) == 1


@pytest.mark.parametrize(("status", "code"), [(401, "unauthorized"), (413, "too_large"), (422, "invalid_request")])
def test_a_refused_event_is_not_sent_again_and_says_why_to_whoever_waits(
    scripted: ScriptedApi, run_javascript: Run, status: int, code: str
) -> None:
    scripted.fails(status, code, "what to do")
    error = run_javascript(
        scripted.url,
        """
        const client = createClient({ url });
        client.track("click", { item_id: "nobody waits for it" });
        const error = await client.track("click", { item_id: "a" }).catch((error) => error);
        return [error instanceof AisleError, error.code, error.status, error.message];
        """,
    )
    assert error == [True, code, status, "what to do"]
    assert len(scripted.requests) == 1


def test_a_wrong_key_is_said_in_the_words_of_the_api(serve: Callable[..., str], run_javascript: Run) -> None:
    error = run_javascript(
        serve(amplitude_api_key="another-key"),
        """
        const error = await createClient({ url }).track("click", { item_id: "a" }).catch((error) => error);
        return [error instanceof AisleError, error.code, error.status, error.message.slice(0, 16)];
        """,
    )
    assert error == [True, "events_refused", 401, "Invalid API key:"]


def test_nobody_who_listens_and_somebody_else_are_errors_with_a_code(
    scripted: ScriptedApi, run_javascript: Run
) -> None:
    scripted.answers(404, b"<html>not here</html>")
    codes = run_javascript(
        scripted.url,
        """
        const code = (promise) => promise.then(() => "none", (error) => error.code);
        const quick = { attempts: 2, pauseMilliseconds: 0 };
        return Promise.all([
            code(createClient({ url: "http://127.0.0.1:1", ...quick }).track("click", {})),
            code(createClient({ url, ...quick }).track("click", {})),
            code(createClient({ url, ...quick }).getRecommendations()),
        ]);
        """,
    )
    assert codes == ["unreachable", "unexpected_answer", "unauthorized"]


def test_s4_31_the_three_functions_send_the_documented_requests_with_the_token(
    scripted: ScriptedApi, run_javascript: Run
) -> None:
    scripted.answers(200, {"recommendations": [], "algorithm": "content", "total_count": 0})
    answer = run_javascript(
        scripted.url,
        """
        const { logIn, getRecommendations, logInteraction, provideFeedback } = createClient({ url });
        logIn("u1", "the-token");
        const answer = await getRecommendations("content", 5);
        await getRecommendations();
        await logInteraction({ interaction_type: "view", content_id: "123", content_type: "post", platform: "web",
                               metadata: { duration: 30, source: "homepage" } });
        await provideFeedback("123", true, false);
        return answer;
        """,
    )
    assert answer == {"recommendations": [], "algorithm": "content", "total_count": 0}
    assert {sent.headers["Authorization"] for sent in scripted.requests} == {"Bearer the-token"}
    assert [(sent.method, sent.path) for sent in scripted.requests] == [
        ("GET", "/api/recommendations/recommendations/?algorithm=content&top_k=5"),
        ("GET", "/api/recommendations/recommendations/?algorithm=hybrid&top_k=10"),
        ("POST", "/api/recommendations/interactions/"),
        ("POST", "/api/recommendations/feedback/"),
    ]
    assert scripted.requests[3].body == {"content_id": "123", "is_clicked": True, "is_dismissed": False}
