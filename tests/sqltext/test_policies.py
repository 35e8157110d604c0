"""Policies that call a function for each row, as pg_dump writes them."""

from __future__ import annotations

import pytest

from pgwright.model.names import QualifiedName
from pgwright.sqltext import row_calls

PER_ROW = """
--
-- Name: note tenant; Type: POLICY; Schema: public; Owner: app
--

CREATE POLICY tenant ON public.note USING ((tenant_id = (current_setting('app.tenant'::text))::integer));


"""


def test_the_call_goes_into_a_subquery() -> None:
    (found,) = row_calls(PER_ROW)
    assert (found.table, found.policy) == (QualifiedName("public", "note"), "tenant")
    assert found.functions == ("current_setting",)
    assert found.remedy.startswith(
        "ALTER POLICY tenant ON public.note USING (tenant_id = CAST((SELECT current_setting("
    )


def test_the_remedy_is_no_fault_any_more() -> None:
    (found,) = row_calls(PER_ROW)
    assert list(row_calls(found.remedy.replace("ALTER", "CREATE", 1) + ";\n")) == []


@pytest.mark.parametrize(
    "condition",
    [
        "(tenant_id = ( SELECT app.tenant() AS tenant))",
        "app.may_see(id)",
        "(author = CURRENT_USER)",
        "(at < now())",
        "(lower(name) = 'a'::text)",
    ],
)
def test_quiet_where_it_is_called_once_or_has_to_be_called(condition: str) -> None:
    assert list(row_calls(f"CREATE POLICY p ON public.note USING ({condition});\n")) == []


def test_functions_of_the_schema_inside_others_are_seen() -> None:
    policy = "CREATE POLICY p ON public.note USING (app.may_see(id, app.tenant()) OR app.is_boss());\n"
    (found,) = row_calls(policy)
    assert found.functions == ("app.tenant", "app.is_boss")


def test_a_text_that_breaks_a_line_with_a_semicolon_hides_no_other_policy() -> None:
    odd = "CREATE POLICY odd ON public.note USING ((name = 'a;\nb'::text));\n"
    assert [one.policy for one in row_calls(odd + PER_ROW)] == ["tenant"]


def test_a_policy_for_inserts_has_no_using() -> None:
    policy = "CREATE POLICY p ON public.note FOR INSERT WITH CHECK ((tenant_id = app.tenant()));\n"
    assert list(row_calls(policy)) == []
