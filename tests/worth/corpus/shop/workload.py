"""Ten minutes of a shop, orders through its view."""

from __future__ import annotations

from tests.support.corpus import Call

OBSERVED_SECONDS = 600.0

CALLS = (
    Call(
        "SELECT id FROM customer WHERE email = %s AND deleted_at = '1000-01-01'",
        200,
        lambda r: (f"c{r.randint(1, 30_000)}@example.com",),
    ),
    Call("SELECT id, title, price FROM product WHERE slug = %s", 500, lambda r: (f"product-{r.randint(1, 15_000)}",)),
    Call(
        "SELECT id, state, placed_at FROM living_order WHERE customer_id = %s ORDER BY placed_at DESC LIMIT 20",
        400,
        lambda r: (r.randint(1, 30_000),),
    ),
    Call(
        "SELECT l.line, l.quantity, p.title, p.price FROM order_line l JOIN product p ON p.id = l.product_id"
        " WHERE l.order_id = %s ORDER BY l.line",
        400,
        lambda r: (r.randint(1, 120_000),),
    ),
    Call("SELECT id, customer_id FROM living_order WHERE state = 'new' ORDER BY placed_at LIMIT 50", 100),
    Call(
        "SELECT count(*), sum(quantity) FROM order_line WHERE product_id = %s",
        100,
        lambda r: (r.randint(1, 15_000),),
    ),
    Call(
        "SELECT percent FROM coupon WHERE code = %s AND expires_at > now()",
        200,
        lambda r: (f"CODE{r.randint(1, 1_000)}",),
    ),
    Call("INSERT INTO orders (customer_id, state) VALUES (%s, 'new')", 100, lambda r: (r.randint(1, 30_000),)),
    Call("UPDATE orders SET state = 'sent' WHERE id = %s", 100, lambda r: (r.randint(1, 120_000),)),
    Call("UPDATE orders SET deleted_at = now() WHERE id = %s", 20, lambda r: (r.randint(1, 120_000),)),
)
