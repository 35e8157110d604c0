"""What a StatementComparison comes to, in words, and its plans as lines; shared by all formats."""

from __future__ import annotations

from pgwright.figures import cost, ratio, share
from pgwright.model.comparison import PlanNode, StatementComparison, StatementPlan
from pgwright.model.names import quote_literal

# A sign beside the colour, for whoever sees no colours.
CHANGED, SAME = "*", " "
_EQUAL = 0.0005


def comparison(result: StatementComparison) -> str:
    """Return how the costs compare, as a sentence."""
    if result.after is None or result.ratio is None:
        return f"Planned cost {cost(result.before.cost)}."
    costs = f"Planned cost {cost(result.before.cost)} → {cost(result.after.cost)}"
    if abs(result.ratio - 1) < _EQUAL:
        return f"{costs}: no difference."
    if result.ratio < 1:
        times = ratio(1 / result.ratio) if result.ratio else ratio(float("inf"))
        return f"{costs}: {times} cheaper ({share(1 - result.ratio)} less)."
    return f"{costs}: {ratio(result.ratio)} as expensive."


def values_note(result: StatementComparison) -> str:
    """Return what the parameters were planned with; "" where there are none."""
    if result.values_from == "none":
        return ""
    if result.values_from == "generic plan":
        return "Planned without values (a generic plan): the statistics suggest none. Give them: --value"
    listed = ", ".join(
        f"${number} = {'NULL' if value is None else quote_literal(value)}"
        for number, value in enumerate(result.values, 1)
    )
    return f"{listed} ({'chosen from the statistics' if result.values_from == 'statistics' else 'as given'})"


def context_note(result: StatementComparison) -> str:
    """Return with which settings both plans were made; "" without any."""
    listed = ", ".join(f"{name} = {value}" for name, value in result.context)
    return f"Planned with {listed}" if listed else ""


def node_line(node: PlanNode) -> str:
    """Return a node as EXPLAIN writes it, without figures."""
    words = [_kind(node)]
    words += [f"using {node.index}"] if node.index else []
    words += [f"on {node.relation}"] if node.relation else []
    return " ".join(words)


def _kind(node: PlanNode) -> str:
    """Return the kind with its join: `Hash Left Join`, `Nested Loop Semi Join`.

    >>> _kind(PlanNode(0, "Hash Join", "Left", None, None, 1, 1, ()))
    'Hash Left Join'
    """
    return f"{node.kind.removesuffix(' Join')} {node.join} Join" if node.join else node.kind


def figures_of(node: PlanNode) -> str:
    """Return the figures of a node."""
    return f"cost {cost(node.cost)}, rows {node.row_estimate:,.0f}"


def plan_text(plan: StatementPlan) -> str:
    """Return the plan as lines of plain text, the changed nodes signed."""
    lines = []
    for node in plan.nodes:
        indent = "  " * node.depth
        lines.append(f"{CHANGED if node.is_changed else SAME} {indent}{node_line(node)}  ({figures_of(node)})")
        lines += [f"  {indent}    {name}: {text}" for name, text in node.conditions]
    return "\n".join(lines)
