"""Names that try to break every format, and the index that the samples share."""

from __future__ import annotations

from pgwright.model.change import CreateIndex
from pgwright.model.index import IndexDefinition, IndexKey
from pgwright.model.names import QualifiedName

# Markup of rich, of HTML, of Markdown, a terminal's escape sequence, and a mark that turns the direction of writing.
HOSTILE = '"[red]a|b`<script>alert(1)</script>\x1b[31m\u202e"'

MESSAGES = QualifiedName("public", "messages")
INDEX = IndexDefinition(
    "ix_messages_conversation_id_created_at",
    MESSAGES,
    (IndexKey("conversation_id"), IndexKey("created_at", is_descending=True)),
)
BODY = IndexDefinition("ix_messages_body", MESSAGES, (IndexKey("body", operator_class="gin_trgm_ops"),), method="gin")
CREATE = CreateIndex(INDEX, size_bytes=19_000_000)
QUERY = "SELECT id, body\nFROM messages\nWHERE conversation_id = $1 ORDER BY created_at DESC LIMIT $2"
