from rag_store.db.tables import Base, Chunk, Collection, File

__all__ = ["Base", "Chunk", "Collection", "File"]
