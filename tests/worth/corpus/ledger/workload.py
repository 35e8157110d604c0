"""Ten minutes of a bank: mostly inserts, balances through the view, now and then a look into the audit log."""

from __future__ import annotations

from tests.support.corpus import Call

OBSERVED_SECONDS = 600.0

CALLS = (
    Call("SELECT id, owner FROM account WHERE number = %s", 400, lambda r: (f"DE{r.randint(1, 20_000):012d}",)),
    Call("SELECT amount, entries FROM balance WHERE account_id = %s", 500, lambda r: (r.randint(1, 20_000),)),
    Call(
        "SELECT e.id, e.amount, t.reference, t.booked_at FROM entry e JOIN transfer t ON t.id = e.transfer_id"
        " WHERE e.account_id = %s ORDER BY e.id DESC LIMIT 30",
        400,
        lambda r: (r.randint(1, 20_000),),
    ),
    Call("SELECT account_id, amount FROM entry WHERE transfer_id = %s", 300, lambda r: (r.randint(1, 120_000),)),
    Call(
        "SELECT id, actor, change, at FROM audit_log WHERE object_type = %s AND object_id = %s"
        " ORDER BY at DESC LIMIT 50",
        120,
        lambda r: (r.choice(("transfer", "account", "entry")), r.randint(1, 50_000)),
    ),
    Call("INSERT INTO transfer (reference) VALUES (%s)", 400, lambda r: (f"N{r.getrandbits(64):x}",)),
    Call(
        "INSERT INTO entry (transfer_id, account_id, amount) VALUES (%s, %s, 1.00)",
        800,
        lambda r: (r.randint(1, 120_000), r.randint(1, 20_000)),
    ),
    Call(
        "INSERT INTO audit_log (object_type, object_id, actor, change) VALUES ('transfer', %s, 'app', '{}')",
        800,
        lambda r: (r.randint(1, 50_000),),
    ),
)
