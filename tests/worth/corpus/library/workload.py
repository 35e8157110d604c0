"""Ten minutes at the desks and on the site of a library."""

from __future__ import annotations

from datetime import date, timedelta
from hashlib import md5

from tests.support.corpus import Call

OBSERVED_SECONDS = 600.0

CALLS = (
    Call("SELECT id, name FROM member WHERE card = %s", 300, lambda r: (f"C{r.randint(1, 20_000):08d}",)),
    Call("SELECT id, title FROM book WHERE isbn = %s", 300, lambda r: (f"978{r.randint(1, 40_000):010d}",)),
    Call(
        "SELECT id, title, published FROM book WHERE title ILIKE %s LIMIT 20",
        120,
        lambda r: (f"%{md5(str(r.randint(1, 40_000)).encode(), usedforsecurity=False).hexdigest()[:9]}%",),
    ),
    Call(
        "SELECT b.id, b.title FROM book b JOIN author a ON a.id = b.author_id WHERE a.id = %s ORDER BY b.published",
        200,
        lambda r: (r.randint(1, 5_000),),
    ),
    Call(
        "SELECT c.id, c.shelf, EXISTS (SELECT 1 FROM loan l WHERE l.copy_id = c.id AND l.returned_on IS NULL) AS is_out"
        " FROM copy c WHERE c.book_id = %s",
        300,
        lambda r: (r.randint(1, 40_000),),
    ),
    Call(
        "SELECT l.id, l.due_on, b.title FROM loan l JOIN copy c ON c.id = l.copy_id JOIN book b ON b.id = c.book_id"
        " WHERE l.member_id = %s AND l.returned_on IS NULL ORDER BY l.due_on",
        400,
        lambda r: (r.randint(1, 20_000),),
    ),
    Call(
        "SELECT id, copy_id, loaned_on FROM loan WHERE member_id = %s ORDER BY loaned_on DESC LIMIT 20",
        200,
        lambda r: (r.randint(1, 20_000),),
    ),
    Call(
        "SELECT id, member_id, due_on FROM loan WHERE returned_on IS NULL AND due_on < %s ORDER BY due_on LIMIT 100",
        20,
        lambda r: (date(2026, 10, 1) + timedelta(days=r.randint(0, 20)),),
    ),
    Call(
        "INSERT INTO loan (copy_id, member_id, loaned_on, due_on) VALUES (%s, %s, '2026-11-01', '2026-11-29')",
        60,
        lambda r: (r.randint(1, 80_000), r.randint(1, 20_000)),
    ),
    Call("UPDATE loan SET returned_on = '2026-11-01' WHERE id = %s", 60, lambda r: (r.randint(196_000, 200_000),)),
)
