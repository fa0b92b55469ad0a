"""The labelling page's server, asked as a browser would ask it, and as others would."""

from __future__ import annotations

import io
import json
import socket
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from http.client import HTTPConnection
from pathlib import Path

import pytest
from labelling_session import CLASSES, Brightness, Session
from PIL import Image

from synthda.adapt.labelling.measured import widest
from synthda.adapt.labelling.queues import gather
from synthda.adapt.labelling.server import LabelServer
from synthda.adapt.labelling.suggestions import Suggestions
from synthda.datasets.label_file import read_labels
from synthda.errors import SettingError

PAGE = ("", "label.css", "label.js", "parts.js", "choices.js", "icon.svg")


def test_the_page_and_its_parts_are_served_with_their_guards(session: Session) -> None:
    for path in PAGE:
        answer = session.ask(path)
        assert (answer.status, bool(answer.body)) == (200, True)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]
        assert "Python" not in answer.headers["Server"]


def test_the_page_has_nothing_inline_and_nothing_from_elsewhere(session: Session) -> None:
    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
            given = dict(attributes)
            assert tag != "style"
            assert "style" not in given
            assert not [name for name in given if name.startswith("on")]
            assert tag != "script" or given["src"]
            for name in ("src", "href"):
                assert given.get(name, "") in PAGE

    Reader().feed(session.ask("").body.decode())
    for path in ("label.js", "parts.js", "choices.js"):
        script = session.ask(path).body.decode()
        for written in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "://"):
            assert written not in script, f"{path} uses {written}"


def test_without_the_token_everything_is_forbidden(session: Session) -> None:
    for path in (*PAGE, "state?queue=measure", f"photo/{session.state()['photo']['content']}", "label", "none"):
        for token in ("", "wrong", session.server.token[:-1], session.server.token + "x"):
            assert session.ask(path, token=token).status == 403
            assert session.ask(path, {}, token=token).status == 403


def test_other_methods_are_refused_with_the_same_guards(session: Session) -> None:
    for method in ("HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"):
        for token, status in ((session.server.token, 405), ("wrong", 403)):
            connection = HTTPConnection("127.0.0.1", session.server.server_port, timeout=10)
            connection.request(method, f"/{token}/", headers={"Origin": session.server.url.rsplit("/", 2)[0]})
            answer = connection.getresponse()
            assert answer.status == status
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            assert not [name for name in answer.headers if name.lower().startswith("access-control")]
            connection.close()


@pytest.mark.parametrize(
    "line",
    ["GET http://[ HTTP/1.1", "GET / HTTP/1.1", "GET /é/ HTTP/1.1", "POST // HTTP/1.0", "GET http://x/ HTTP/1.1"],
)
def test_without_a_host_everything_is_forbidden(session: Session, line: str) -> None:
    with socket.create_connection(("127.0.0.1", session.server.server_port), timeout=10) as connection:
        connection.sendall(f"{line}\r\n\r\n".encode())
        assert connection.recv(1024).split()[1] == b"403"


def test_the_token_is_long_and_new_each_time(session: Session) -> None:
    with LabelServer(session.desk) as other:
        assert other.token != session.server.token
        assert len(other.token) >= 32
        assert other.url == f"http://127.0.0.1:{other.server_port}/{other.token}/"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "evil.example:{port}", "127.0.0.1:1", ""])
def test_a_rebound_name_is_forbidden(session: Session, host: str) -> None:
    asked = host.format(port=session.server.server_port)
    assert session.ask("", Host=asked).status == 403
    assert session.ask("undo", {"queue": "measure"}, Host=asked).status == 403


def test_this_computer_s_two_names_are_accepted(session: Session) -> None:
    for name in ("127.0.0.1", "localhost"):
        assert session.ask("", Host=f"{name}:{session.server.server_port}").status == 200


def test_at_the_port_that_browsers_leave_out_the_names_alone_are_accepted(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "localhost" not in session.server.hosts
    monkeypatch.setattr("synthda.adapt.labelling.server.HTTP_PORT", session.server.server_port)
    for name in ("127.0.0.1", "localhost"):
        assert session.ask("undo", {"queue": "measure"}, Host=name, Origin=f"http://{name}").status == 200
        assert session.ask("", Host=f"{name}:{session.server.server_port}").status == 200
    assert session.ask("", Host="evil.example").status == 403


def test_another_page_may_not_write(session: Session) -> None:
    body = {"queue": "measure"}
    assert session.ask("undo", body, Origin="http://evil.example").status == 403
    assert session.ask("undo", body, Origin="null").status == 403
    assert session.ask("undo", body, Origin=f"http://127.0.0.1:{session.server.server_port}").status == 200
    assert session.ask("undo", body, Content_Type="text/plain").status == 415


@pytest.mark.parametrize(
    "path",
    [
        "../../etc/passwd",
        "..%2f..%2fetc%2fpasswd",
        "photo/../../labels.jsonl",
        "photo/00.png",
        "page/index.html",
        "server.py",
        "label.css/",
        "photo/" + "0" * 63,
        "%00",
    ],
)
def test_no_path_leads_elsewhere(session: Session, path: str) -> None:
    answer = session.ask(path)
    assert answer.status == 404
    assert set(answer.json) == {"error"}


def test_it_listens_on_this_computer_alone(session: Session) -> None:
    assert session.server.socket.getsockname()[0] == "127.0.0.1"


def test_a_port_that_is_taken_is_one_sentence(session: Session) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(SettingError, match=f"Port {port} is taken; give another --port"):
            LabelServer(session.desk, port)


def test_the_model_s_answer_and_the_name_are_shown_in_the_teach_queue_alone(session: Session) -> None:
    assert set(session.state("measure")["photo"]) == {"content"}
    shown = session.state("teach")["photo"]
    assert set(shown) == {"content", "file", "suggestions"}
    assert sum(one["probability"] for one in shown["suggestions"]) == pytest.approx(1)
    grey = 10 * int(shown["file"].removesuffix(".png"))
    best = CLASSES[grey > 127.5]
    assert shown["suggestions"][0]["label"] == best


def test_the_most_uncertain_come_first(session: Session) -> None:
    certainties = []
    for _ in range(5):
        suggested = session.state("teach")["photo"]["suggestions"]
        certainties.append(suggested[0]["probability"] - suggested[1]["probability"])
        session.label("dark", "teach")
    assert certainties == sorted(certainties)
    assert certainties[-1] > certainties[0]


def test_photographs_come_scaled_and_upright(session: Session, photos: Path) -> None:
    content = session.state()["photo"]["content"]
    answer = session.ask(f"photo/{content}")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/png")
    large = photos / "large.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (2600, 1300), "teal").save(large, exif=exif)
    session.desk._photographs |= gather(photos)[0]
    found = next(key for key, one in session.desk._photographs.items() if one.names == ("large.jpg",))
    answer = session.ask(f"photo/{found}")
    assert answer.headers["Content-Type"] == "image/jpeg"
    with Image.open(io.BytesIO(answer.body)) as sent:
        assert sent.size == (640, 1280)


@pytest.mark.parametrize(("size", "kind"), [((256, 200), "image/png"), ((257, 200), "image/jpeg")])
def test_up_to_a_side_photographs_come_without_loss(
    session: Session, photos: Path, size: tuple[int, int], kind: str
) -> None:
    Image.new("RGB", size, "teal").save(photos / "other.png")
    session.desk._photographs |= gather(photos)[0]
    found = next(key for key, one in session.desk._photographs.items() if one.names == ("other.png",))
    assert session.ask(f"photo/{found}").headers["Content-Type"] == kind


def test_from_some_labels_on_it_is_told_how_well_they_tell_the_accuracy(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("synthda.adapt.labelling.desk.ENOUGH", 2)
    for queue in ("measure", "teach"):
        assert "within" not in session.label("dark", queue).json["queues"][queue]
        found = session.label("dark", queue).json["queues"][queue]
        assert found.get("within") == (widest(2) if queue == "measure" else None)


def test_a_label_is_on_the_disk_when_the_answer_comes(session: Session) -> None:
    shown = session.state()["photo"]["content"]
    answer = session.label(CLASSES[1])
    assert answer.json["said"] == f"Saved: {CLASSES[1]}"
    assert answer.json["queues"]["measure"]["labelled"] == 1
    assert answer.json["photo"]["content"] != shown
    made = read_labels(session.file).latest("measure")
    assert {content: one.label for content, one in made.items()} == {shown: CLASSES[1]}


def test_names_with_markup_travel_as_text(session: Session) -> None:
    session.label(CLASSES[1])
    answer = session.ask("state?queue=measure")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json["classes"] == list(CLASSES)


def test_none_of_these_is_unknown(session: Session) -> None:
    assert session.label("unknown").json["said"] == "Saved: none of these"
    assert [made.label for made in read_labels(session.file).history] == ["unknown"]


def test_undo_shows_the_photograph_again(session: Session) -> None:
    shown = session.state()["photo"]["content"]
    session.label("dark")
    answer = session.ask("undo", {"queue": "measure"}).json
    assert (answer["said"], answer["photo"]["content"]) == ("Undone: dark", shown)
    assert "nothing to undo" in session.ask("undo", {"queue": "teach"}).json["said"]


def test_a_skipped_photograph_comes_again_at_the_end_in_turn(session: Session) -> None:
    total = session.state()["queues"]["measure"]["total"]
    skipped = []
    for _ in range(2):
        skipped.append(session.state()["photo"]["content"])
        session.ask("skip", {"queue": "measure", "content": skipped[-1]})
    assert session.state()["queues"]["measure"] == {"labelled": 0, "skipped": 2, "total": total}
    for _ in range(total - 2):
        assert session.state()["photo"]["content"] not in skipped
        session.label("dark")
    assert session.state()["photo"]["content"] == skipped[0]
    answer = session.ask("skip", {"queue": "measure", "content": skipped[0]}).json
    assert answer["photo"]["content"] == skipped[1]
    session.label("dark")
    assert session.label("dark").json["photo"] is None
    assert session.state()["queues"]["measure"] | {"within": 0} == {
        "labelled": total,
        "skipped": 0,
        "total": total,
        "within": 0,
    }


def test_all_photographs_are_in_one_of_the_two_queues(session: Session) -> None:
    seen: dict[str, list[str]] = {"measure": [], "teach": []}
    for queue, found in seen.items():
        while photo := session.state(queue)["photo"]:
            found.append(photo["content"])
            session.label("dark", queue)
    assert not set(seen["measure"]) & set(seen["teach"])
    assert len(seen["measure"]) + len(seen["teach"]) == 24, "the copy is no photograph of its own"
    assert min(map(len, seen.values())) > 0


def test_a_photograph_of_the_other_queue_is_not_labelled(session: Session) -> None:
    content = session.state("teach")["photo"]["content"]
    answer = session.ask("label", {"queue": "measure", "content": content, "label": "dark"})
    assert answer.status == 400
    assert read_labels(session.file).history == ()


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("label", {"queue": "measure", "content": "0" * 64, "label": "dark"}, 400),
        ("label", {"queue": "both", "content": "0" * 64, "label": "dark"}, 400),
        ("label", {"queue": "measure", "content": ["0"], "label": "dark"}, 400),
        ("label", {"queue": "measure"}, 400),
        ("label", [], 400),
        ("label", b"{", 400),
        ("label", b"[" * 5000, 400),
        ("undo", b" " * 70_000, 413),
        ("none", {"queue": "measure"}, 404),
    ],
)
def test_a_question_that_makes_no_sense_is_one_sentence(session: Session, path: str, body: object, status: int) -> None:
    answer = session.ask(path, body)
    assert answer.status == status
    assert answer.json["error"].endswith(".")
    assert session.ask("").status == 200


def test_an_unknown_class_is_refused(session: Session) -> None:
    answer = session.label("elephant")
    assert answer.status == 400
    assert "no class 'elephant'" in answer.json["error"]


def test_photographs_deleted_while_the_page_is_open_are_told_and_left_out(session: Session, photos: Path) -> None:
    content = session.state("teach")["photo"]["content"]
    name = session.state("teach")["photo"]["file"]
    for copy in session.desk._photographs[content].names:
        (photos / copy).unlink()
    assert session.ask(f"photo/{content}").status == 410
    answer = session.ask("label", {"queue": "teach", "content": content, "label": "dark"}).json
    assert answer["photo"]["content"] != content
    assert answer["news"] == [f"{name} was deleted or changed while the page was open; it is left out."]
    assert session.state("teach")["news"] == [], "it is told once"
    assert read_labels(session.file).history == ()


def test_photographs_that_were_away_for_a_moment_come_back(session: Session, photos: Path) -> None:
    before = session.state("teach")["photo"]
    for path in photos.glob("*.png"):
        path.rename(path.with_suffix(".gone"))
    news = session.state("teach")["news"]
    assert len(news) == 6
    assert news[5].startswith("… and ")
    assert session.state("teach")["news"] == [], "they are told once"
    for path in photos.glob("*.gone"):
        path.rename(path.with_suffix(".png"))
    assert session.state("teach")["photo"] == before


def test_a_disk_that_was_away_for_a_moment_ends_no_queue(session: Session, photos: Path) -> None:
    before = session.state("teach")["photo"]
    away = photos.rename(photos.with_name("away"))
    answer = session.state("teach")
    assert answer["photo"] is None
    assert answer["news"] == [f"The folder {photos} cannot be reached; once it is back, load the page anew."]
    away.rename(photos)
    assert session.state("teach")["photo"] == before


def test_a_copy_teaches_where_the_first_one_is_gone(photos: Path) -> None:
    content, photograph = next((key, one) for key, one in gather(photos)[0].items() if len(one.names) == 2)
    (photos / photograph.names[0]).unlink()
    suggestions = Suggestions(Brightness(), [photograph])  # type: ignore[arg-type]
    suggestions.run()
    assert content in suggestions.probabilities
    assert not suggestions.unusable


def test_what_the_model_says_is_of_its_own_photograph_where_another_cannot_be_read(photos: Path) -> None:
    of_files = {one.names[0]: one for one in gather(photos)[0].values()}
    some = [of_files[name] for name in ("01.png", "05.png", "20.png")]
    alone = Suggestions(Brightness(), [some[2]])  # type: ignore[arg-type]
    alone.run()
    (photos / "05.png").write_bytes(b"nothing")
    together = Suggestions(Brightness(), some)  # type: ignore[arg-type]
    together.run()
    assert set(together.unusable) == {some[1].content}
    assert set(together.probabilities) == {some[0].content, some[2].content}
    assert (together.probabilities[some[2].content] == alone.probabilities[some[2].content]).all()
    assert (together.probabilities[some[0].content] != alone.probabilities[some[2].content]).any()


def test_a_file_that_is_no_photograph_is_left_out(session: Session, photos: Path) -> None:
    content = session.state("measure")["photo"]["content"]
    photograph = session.desk._photographs[content]
    for path, _ in photograph.files:
        path.write_bytes(b"nothing")
    assert session.ask(f"photo/{content}").status == 410
    assert session.state("measure")["photo"]["content"] != content


def test_a_disk_that_is_full_is_told_and_nothing_counts(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("synthda.datasets.label_journal.os.fsync", full)
    answer = session.label("dark")
    assert answer.status == 500
    assert "No space left" in answer.json["error"]
    assert session.state()["queues"]["measure"]["labelled"] == 0


def test_two_pages_at_once_lose_nothing(session: Session) -> None:
    order = session.desk._order["measure"]
    bodies = [{"queue": "measure", "content": content, "label": "dark"} for content in order]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda body: session.ask("label", body).status, bodies))
    assert set(answers) == {200}
    assert set(read_labels(session.file).latest("measure")) == set(order)
    for line in session.file.read_text().splitlines():
        json.loads(line)


def test_the_page_can_end_the_session(session: Session) -> None:
    assert session.ask("end", {}).status == 200
