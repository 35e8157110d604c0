"""What hosts make of a log, and logs that are damaged: read as far as they can be, and never an error."""

from __future__ import annotations

import gzip
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from threading import Thread

import pytest

from pgwright.errors import UnreadableLog
from pgwright.logs import Log, read_log
from pgwright.model.snapshot import Snapshot
from tests.support.builders import make_server, make_snapshot, make_statement

KNOWN = "SELECT * FROM post WHERE author = $1 LIMIT $2"
SNAPSHOT = make_snapshot(server=make_server(database="shop"), statements=(make_statement(KNOWN, query_id=7),))
CALL = "LOG:  duration: 1.250 ms  execute <unnamed>: SELECT * FROM post WHERE author = $1 LIMIT 5"


def lines(prefix: str, value: str = "17", statement: str = CALL) -> list[str]:
    return [f"{prefix}{statement}", f"{prefix}DETAIL:  Parameters: $1 = '{value}'"]


def read(tmp_path: Path, text: str | bytes, *, name: str = "server.log", snapshot: Snapshot = SNAPSHOT) -> Log:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_log([path], snapshot)


def authors(log: Log) -> list[str]:
    assert all(limit == "5" for _, limit in log.of(7).calls)
    return [str(author) for author, _ in log.of(7).calls]


RDS = "2026-08-01 10:00:00 UTC:10.0.0.7(5432):app@shop:[4711]:"
RDS_OTHER = "2026-08-01 10:00:00 UTC:10.0.0.7(5432):app@other:[4712]:"
CLOUD_SQL = "2026-08-01 10:00:00.000 UTC [4711]: [1-1] db=shop,user=app "
CLOUD_SQL_OTHER = "2026-08-01 10:00:00.000 UTC [4712]: [1-1] db=other,user=app "


def _entries(*groups: Sequence[str]) -> list[dict[str, object]]:
    return [{"insertId": str(n), "textPayload": "\n".join(g), "severity": "INFO"} for n, g in enumerate(groups)]


EXPORTED = _entries(*([line] for line in lines(CLOUD_SQL)), *([line] for line in lines(CLOUD_SQL_OTHER, "18")))
CLOUD_WATCH = {"events": [{"logStreamName": "s", "message": line} for line in (*lines(RDS), *lines(RDS_OTHER, "18"))]}
FORMS = {
    "RDS": "\n".join((*lines(RDS), *lines(RDS_OTHER, "18"))),
    "Cloud SQL, text": "\n".join((*lines(CLOUD_SQL), *lines(CLOUD_SQL_OTHER, "18"))),
    "Cloud SQL, a line an entry": "\n".join(map(json.dumps, EXPORTED)),
    "Cloud SQL, indented": json.dumps(EXPORTED, indent=2),
    "Cloud SQL, one line": json.dumps(EXPORTED),
    "CloudWatch, indented": json.dumps(CLOUD_WATCH, indent=4),
    "CloudWatch, one line": json.dumps(CLOUD_WATCH),
    "CloudWatch Insights": "\n".join(json.dumps({"@message": line}) for line in (*lines(RDS), *lines(RDS_OTHER, "18"))),
    "Azure": "\n".join(
        json.dumps({"properties": {"message": line}})
        for line in (*lines(CLOUD_SQL), *lines(CLOUD_SQL_OTHER, "18"))
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_the_forms_of_hosts(tmp_path: Path, form: str) -> None:
    log = read(tmp_path, FORMS[form])
    assert authors(log) == ["17"]
    assert (log.told.messages, log.told.of_other_databases, log.told.unread) == (2, 1, 0)


def test_lines_of_several_processes_in_turn(tmp_path: Path) -> None:
    one, two = (lines(f"2026-08-01 10:00:00.000 UTC [{n}] ", str(n)) for n in (11, 12))
    assert sorted(authors(read(tmp_path, "\n".join((one[0], two[0], one[1], two[1]))))) == ["11", "12"]


def test_a_log_of_two_prefixes(tmp_path: Path) -> None:
    """The setting was changed: the rarer one is guessed."""
    both = [*lines(RDS, "1") * 3, *lines("10:00:00 pid=5 db=shop : ", "2"), *lines("10:00:00 pid=6 db=other : ", "3")]
    log = read(tmp_path, "\n".join(both))
    assert sorted(authors(log)) == ["1", "2"]


def test_sqlstate_in_front_of_the_message(tmp_path: Path) -> None:
    """As log_error_verbosity = verbose writes it."""
    log = read(tmp_path, f"{RDS}ERROR:  40P01: deadlock detected\n{RDS}STATEMENT:  {KNOWN}\n{RDS}LOCATION:  x, y.c:1")
    (one,) = log.told.statements
    assert [(error.sqlstate, error.what) for error in one.errors] == [("40P01", "deadlock")]


def test_a_value_that_was_cut_is_none(tmp_path: Path) -> None:
    log = read(tmp_path, "\n".join(lines(RDS, "1234...")))
    assert log.of(7).calls == ()
    (missing,) = log.missing
    assert "without whole parameters" in missing.reason
    assert "log_parameter_max_length" in missing.remedy


@pytest.mark.parametrize("bad", ["1\x007", b"1\xff7"], ids=["NUL", "not UTF-8"])
def test_a_value_that_cannot_be_decoded_is_none(tmp_path: Path, bad: str | bytes) -> None:
    text = "\n".join((*lines(RDS, "BAD"), *lines(RDS, "18"))).encode()
    log = read(tmp_path, text.replace(b"BAD", bad if isinstance(bad, bytes) else bad.encode()))
    assert authors(log) == ["18"]


CSV = (
    '2026-08-01 10:00:00.000 UTC,"app","{database}",4711,"[local]",6b0d.1,1,"SELECT",2026-08-01 10:00:00 UTC,4/2,0,LOG,'
    '00000,"duration: 1.250 ms  execute <unnamed>: SELECT *\nFROM post WHERE author = $1 LIMIT 5",'
    '"Parameters: $1 = \'{value}\'",,,,,,,,""{more}'
)
MORE = {13: ',"client backend"', 14: ',"client backend",,7'}


def record(value: str, *, database: str = "shop", version: int = 14) -> str:
    return CSV.format(value=value, database=database, more=MORE.get(version, ""))


@pytest.mark.parametrize("version", [12, 13, 14])
def test_csv_of_every_version(tmp_path: Path, version: int) -> None:
    text = f"{record('17', version=version)}\n{record('18', database='other', version=version)}\n"
    log = read(tmp_path, text)
    assert authors(log) == ["17"]
    assert (log.told.messages, log.told.of_other_databases, log.told.unread) == (2, 1, 0)


def test_csv_that_a_rotation_has_cut(tmp_path: Path) -> None:
    """Its first record has no beginning, one in the middle and the last no end."""
    first = record("0").partition("\n")[2]
    cut = record("1").partition("DETAIL")[0].partition("\n")[0]
    log = read(tmp_path, "\n".join((first, record("2"), cut, record("3"), record("4")[:-60])))
    assert sorted(authors(log)) == ["2", "3"]
    assert log.told.unread == 3


def test_a_value_cannot_begin_a_record(tmp_path: Path) -> None:
    forged = record("666").replace('"', '""')
    log = read(tmp_path, f"{record('a' + chr(10) + forged.replace(chr(39), chr(39) * 2))}\n{record('18')}")
    assert "18" in authors(log)
    assert "666" not in authors(log)
    assert log.told.messages == 2


def test_text_that_a_rotation_has_cut(tmp_path: Path) -> None:
    whole = lines(RDS, "1")
    log = read(tmp_path, "\n".join(("\tWHERE x", whole[1], *lines(RDS, "2"), f"{RDS}LOG:  durat")))
    assert authors(log) == ["2"]
    assert (log.told.messages, log.told.unread) == (2, 2)


def test_packed_and_in_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "log"
    folder.mkdir()
    (folder / "b.log.gz").write_bytes(gzip.compress("\n".join(lines(RDS, "2")).encode()))
    (folder / "a.log").write_text("\n".join(lines(RDS, "1")))
    (folder / "notes.txt").write_text("not a log")
    log = read_log([folder], SNAPSHOT)
    assert sorted(authors(log)) == ["1", "2"]
    assert log.told.files == 3
    assert [one.what for one in log.missing] == ["the log notes.txt"]


def test_of_two_forms_of_one_time_one_is_read(tmp_path: Path) -> None:
    """With two destinations each message is in both."""
    (tmp_path / "pg-1.log").write_text("\n".join(lines(RDS, "1")))
    (tmp_path / "pg-1.csv.gz").write_bytes(gzip.compress(record("1").encode()))
    (tmp_path / "pg-2.log").write_text("\n".join(lines(RDS, "1")))
    log = read_log([tmp_path], SNAPSHOT)
    assert (log.told.files, log.told.messages) == (2, 2)


def test_packed_and_damaged(tmp_path: Path) -> None:
    packed = gzip.compress("\n".join([*lines(RDS, "1"), *lines(RDS, "2") * 2000]).encode() + b"\n")
    log = read(tmp_path, packed[:-30])
    assert "1" in authors(log)
    assert log.told.unread >= 1


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("hello\nworld\n", "plain text"),
        ("", "an empty file"),
        ('{"a": 1}\n{"a": 2}', "JSON of a host"),
        ("a,b\n1,2", "plain text"),
    ],
)
def test_a_file_that_is_no_log(tmp_path: Path, text: str, form: str) -> None:
    with pytest.raises(UnreadableLog, match=f"it is {form} in which no line.*log_min_duration_statement"):
        read(tmp_path, text)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UnreadableLog, match=r"gone\.log': there is no such file\.$"):
        read_log([tmp_path / "gone.log"], SNAPSHOT)
    with pytest.raises(UnreadableLog, match="the folder holds no file"):
        read_log([tmp_path], SNAPSHOT)


def test_a_log_without_calls_says_which_setting_makes_them(tmp_path: Path) -> None:
    (missing,) = read(tmp_path, f"{RDS}LOG:  checkpoint starting: time").missing
    assert "no statement of this database" in missing.reason
    assert "log_min_duration_statement" in missing.remedy


def test_a_log_of_other_statements_says_so(tmp_path: Path) -> None:
    (missing,) = read(tmp_path, f"{RDS}LOG:  duration: 1 ms  statement: SELECT 17 FROM secret").missing
    assert missing.reason == "none of its 1 call is of a statement of the workload"


HOSTILE = {
    "comments": "SELECT " + "/*" * 200_000,
    "quotes": "SELECT '" + "''" * 300_000,
    "parentheses": "SELECT " + "(" * 400_000,
    "operators": "SELECT 1" + "+1" * 200_000,
    "functions": "SELECT " + "f(" * 20_000 + ")" * 20_000,
    "spaces": "SELECT" + " " * 900_000 + "x",
    "forged": f"SELECT 1\n{RDS}LOG:  duration: 1 ms  statement: SELECT 1",
    "surrogates": "SELECT '\\udc80'",
}
MESSAGES = {
    "call": "LOG:  duration: 1 ms  statement: {}",
    "plan": "LOG:  duration: 1 ms  plan:\n\tQuery Text: {}\n\tQuery Parameters: {}\n\t"
    "Seq Scan on post  (cost=0.00..1.00 rows=1 width=1)",
    "JSON plan": "LOG:  duration: 1 ms  plan:\n\t{{" + '"Query Text": "{}", "Plan": ' + '{{"Plans": [' * 20_000,
    "wait": "LOG:  process 1 still waiting for {}",
    "error": "ERROR:  {}",
    "prefix": "{}",
}  # fmt: skip


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("message", MESSAGES)
def test_hostile_lines_cost_little_and_harm_nothing(tmp_path: Path, hostile: str, message: str) -> None:
    text = MESSAGES[message].format(*[HOSTILE[hostile]] * MESSAGES[message].count("{}"))
    started = time.process_time()
    log = read(tmp_path, "\n".join((f"{RDS}{text}", f"{RDS}STATEMENT:  {HOSTILE[hostile]}", *lines(RDS, "1"))))
    assert time.process_time() - started < 10
    assert authors(log) == ["1"]
    assert HOSTILE[hostile] not in repr(log)


def test_a_line_without_end_is_not_held_in_memory(tmp_path: Path) -> None:
    log = read(tmp_path, f"{RDS}LOG:  {'x' * 5_000_000}\n" + "\n".join(lines(RDS, "1")))
    assert (authors(log), log.told.messages) == (["1"], 2)


def test_the_query_id_tells_where_the_text_is_missing_or_cut(tmp_path: Path) -> None:
    prefix = "10:00:00 [5] qid=7 db=shop "
    wait, cut = "LOG:  process 5 still waiting for X after 10 ms", f"STATEMENT:  {KNOWN.partition(chr(36))[0]}"
    log = read(tmp_path, "\n".join((f"{prefix}{wait}", f"{prefix}{wait}", f"{prefix}{cut}")))
    assert [(one.query_id, one.lock_waits) for one in log.told.statements] == [(7, 2)]


def test_the_query_id_does_not_tell_where_the_text_is_another_one(tmp_path: Path) -> None:
    """As of a statement inside of a function, whose text is not logged."""
    log = read(tmp_path, "\n".join(lines("10:00:00 [5] qid=7 db=shop ", "1", CALL.replace("post", "f()"))))
    assert log.told.statements == ()


def test_failures_of_no_statement_are_not_counted(tmp_path: Path) -> None:
    log = read(tmp_path, f"{RDS}FATAL:  password authentication failed\n{RDS}ERROR:  x\n{RDS}STATEMENT:  SELECT 17 x")
    (one,) = log.told.statements
    assert (one.text, [(error.what, error.count) for error in one.errors]) == ("", [("another error", 1)])


def test_one_wait_after_the_other(tmp_path: Path) -> None:
    """The first one ended by a timeout, which is not told."""
    waits = ("still waiting for X after 1000.5 ms", "still waiting for X after 1000.5 ms", "acquired X after 3000.5 ms")
    every = [f"{RDS}LOG:  process 5 {wait}\n{RDS}STATEMENT:  {KNOWN}" for wait in waits]
    (one,) = read(tmp_path, "\n".join(every)).told.statements
    assert (one.lock_waits, one.waited_ms) == (2, 4001)


def test_a_pipe_is_read_too(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    writer = Thread(target=lambda: (tmp_path / "pipe").write_text("\n".join(lines(RDS, "1"))))
    writer.start()
    assert authors(read_log([tmp_path / "pipe"], SNAPSHOT)) == ["1"]
    writer.join()


def test_it_tells_how_far_it_is(tmp_path: Path) -> None:
    paths = [tmp_path / "a.log", tmp_path / "b.log.gz"]
    text = "\n".join(lines(RDS) * 5_000).encode()
    paths[0].write_bytes(text)
    paths[1].write_bytes(gzip.compress(text))
    seen: list[tuple[str, int, int]] = []
    read_log(paths, SNAPSHOT, lambda what, done=0, total=0: seen.append((what, done, total)))
    total = sum(path.stat().st_size for path in paths)
    assert {what for what, _, _ in seen} == {"read the log"}
    assert {size for _, _, size in seen} == {total}
    done = [done for _, done, _ in seen]
    assert done == sorted(done)
    assert len(set(done)) >= 3
    assert done[-1] <= total


def test_few_of_many_calls_are_kept_and_they_are_from_any_time(tmp_path: Path) -> None:
    every = [line for value in range(5_000) for line in lines(RDS, str(value))]
    log = read(tmp_path, "\n".join(every))
    kept = sorted(map(int, authors(log)))
    assert len(kept) == 20
    assert kept[0] < 1_500
    assert kept[-1] > 3_500
    assert log.told.statements[0].calls == 5_000


def test_different_values_are_preferred(tmp_path: Path) -> None:
    every = [*lines(RDS, "1") * 500, *lines(RDS, "2"), *lines(RDS, "1") * 500]
    assert sorted(authors(read(tmp_path, "\n".join(every)))) == ["1", "2"]


def test_calls_of_a_middling_duration_come_first(tmp_path: Path) -> None:
    took = {"1": 900.0, "2": 5.0, "3": 0.1, "4": 7.0, "5": 1.0}
    every = [line for value, ms in took.items() for line in lines(RDS, value, CALL.replace("1.250", str(ms)))]
    assert authors(read(tmp_path, "\n".join(every)))[0] == "2"
    assert authors(read(tmp_path, "\n".join(every)))[-1] == "1"
